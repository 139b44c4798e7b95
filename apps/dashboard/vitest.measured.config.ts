import { fileURLToPath } from 'node:url';
import { projectConfig } from '../../vitest.shared.ts';

/** What the dashboard costs (`npm run measure:dashboard`): it takes minutes and the whole machine. */
export default projectConfig('dashboard-measured', {
  root: fileURLToPath(new URL('.', import.meta.url)),
  include: ['test/browser/*.measured.ts'],
});
