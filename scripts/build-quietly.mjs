// Builds everything and says nothing when all is well: after an install, so that `npm ci` alone leaves
// `npx orchestrator` working, and before the tests, which run the bundle.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

// An install without development dependencies has no compiler, and wants none.
if (existsSync(`${root}node_modules/typescript`)) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/turbo.mjs', 'run', 'build'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}\nThe build failed; see above.\n`);
    process.exit(status ?? 1);
  }
}
