// turbo asks for consent to telemetry, counts and advertises on its first run; this run is about the build.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';

const [command, ...tasks] = process.argv.slice(2);
const quiet = command === 'run' ? ['--output-logs=errors-only', '--ui=stream'] : [];

const { status, error } = spawnSync(
  process.execPath,
  [createRequire(import.meta.url).resolve('turbo/bin/turbo'), command, ...tasks, ...quiet],
  {
    stdio: 'inherit',
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
  },
);
if (error) throw error;
process.exit(status ?? 1);
