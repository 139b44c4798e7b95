import { projectConfig } from '../vitest.shared.ts';

export default projectConfig('repository', { globalSetup: ['support/postgres-server.ts'] });
