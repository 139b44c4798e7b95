import { spawnSync } from 'node:child_process';

/** Whether Prometheus' own check is there. Where it is missing, a test that needs it says so loudly. */
export const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
if (!hasPromtool)
  process.stderr.write(
    'promtool is missing: the text for Prometheus is NOT checked. Install it: apt-get install prometheus\n',
  );

/** What promtool has to say on a text; nothing if it is as it should be. */
export function complaintsOfPromtool(text: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return `${status === 0 ? '' : `exit ${status}\n`}${stdout}${stderr}`;
}
