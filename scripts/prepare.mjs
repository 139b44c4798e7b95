// Builds everything after an install, so that `npm ci` alone leaves `npx orchestrator` working.
// Silent when all is well: an install should not scroll past a build.
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
    process.stderr.write(`${stdout}${stderr}\nThe build after the install failed; see above.\n`);
    process.exit(status ?? 1);
  }
}
