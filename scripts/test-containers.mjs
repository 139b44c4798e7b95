// The tests of the shared store against a container of its server, and nothing else: fails where no Docker answers.
// Of the slow ones, those in which versions of the server differ.
// POSTGRES_IMAGE names another image than the usual one.
import { spawnSync } from 'node:child_process';

const args = [
  'vitest',
  'run',
  '--project',
  'storage-postgres',
  '--exclude',
  '**/!(connections|migrate|roles).slow.test.ts',
  ...process.argv.slice(2),
];
const { status } = spawnSync('npx', ['--no-install', ...args], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, TEST_POSTGRES: 'container' },
});
process.exitCode = status ?? 1;
