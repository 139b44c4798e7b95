// Everything that judges the repository without running it. Each check runs even after another has failed.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const checks = {
  oxlint: 'oxlint',
  format: 'oxfmt --check .',
  lines: 'node scripts/lint-lines.mjs',
  knip: 'knip',
  workflows: 'node scripts/lint-workflows.mjs',
};

const failed = Object.entries(checks).filter(([name, command]) => {
  console.log(`lint: ${name}`);
  // Through a shell, as npm does it: on Windows the entries of node_modules/.bin are .cmd files.
  return spawnSync(command, { stdio: 'inherit', shell: true }).status !== 0;
});

if (failed.length > 0) {
  console.error(`lint: failed: ${failed.map(([name]) => name).join(', ')}`);
  process.exit(1);
}
