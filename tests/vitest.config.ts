import { projectConfig } from '../vitest.shared.ts';

// No file keeps anything for another one, so they can share a process.
export default projectConfig('repository', { isolate: false, globalSetup: ['support/postgres-server.ts'] });
