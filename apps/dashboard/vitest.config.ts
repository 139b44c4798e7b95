import { projectConfig } from '../../vitest.shared.ts';

/** But for what needs a browser, see vitest.browser.config.ts. */
export default projectConfig('dashboard', { include: ['test/*.test.ts'] });
