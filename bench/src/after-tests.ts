/** The last part of `npm run test:all`: compares with the recorded ratios, or says why not. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { notHere } from './not-here.ts';

const PROGRAM = fileURLToPath(new URL('./index.ts', import.meta.url));

const reason = notHere();
if (reason === undefined) {
  const args = ['--conditions=@agent-orchestrator/source', PROGRAM, '--check'];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
} else {
  console.log(`LEFT OUT: the ratios were not compared with bench/recorded.json. The bench ${reason}.`);
}
