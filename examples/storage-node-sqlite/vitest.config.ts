import { projectConfig } from '../../vitest.shared.ts';
import { isSafeVersion } from './src/sqlite-version.ts';

// With a SQLite that may keep no store, what is left to test is that it is refused.
const tests = isSafeVersion() ? '*' : 'sqlite-version';

export default projectConfig('storage-node-sqlite', { include: [`test/${tests}.test.ts`] });
