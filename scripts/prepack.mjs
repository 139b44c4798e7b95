// Before npm packs a package, in its folder: builds it from nothing. A file of `dist` that no source makes any more
// would be packed, and the compiler takes one that is newer than its source for what the source makes.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import process from 'node:process';

rmSync('dist', { recursive: true, force: true });
const { status, stdout, stderr } = spawnSync('npm run build', { encoding: 'utf8', shell: true });
if (status !== 0) {
  process.stderr.write(`${stdout}${stderr}\nThe build failed, so nothing is packed; see above.\n`);
  process.exit(status ?? 1);
}
