import { projectConfig } from '../../vitest.shared.ts';

// The rules keep nothing between two calls, so the files can share a process.
export default projectConfig('core', { isolate: false });
