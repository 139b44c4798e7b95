import { projectConfig } from '../../vitest.shared.ts';

export default projectConfig('storage-postgres', { globalSetup: ['test/harness/global-setup.ts'] });
