/*
 * Hints get pasted into a shell. Whatever an id is, the command in a hint is one command, which means that id:
 *  - an id with the signs of a shell runs nothing
 *  - an id that begins with a hyphen is no flag
 * Times in hints and errors are those of the reader's zone.
 */
import { execFileSync } from 'node:child_process';
import { test } from 'vitest';
import { Cli } from './support/cli.ts';

/** The words that a shell makes of the commands in a hint. */
function pasted(hint: string): string[][] {
  const lines = [...hint.matchAll(/`orchestrator ([^`]+)`/g)].map(([, line = '']) => line);
  return lines.map((line) =>
    execFileSync('sh', ['-c', `orchestrator() { printf '%s\\0' "$@"; }\norchestrator ${line}`], { encoding: 'utf8' })
      .split('\0')
      .slice(0, -1),
  );
}

test.concurrent.for(['x; echo PWNED', '$(echo PWNED)', `it's "x"`, '-dash', '--help', 'two words'])(
  'the hints about session and task %j are commands that mean it',
  { timeout: 60_000 },
  async (id, { expect }) => {
    using cli = new Cli();
    await cli.run(['task', 'create', 'x', '--id', id, '--session', id]);
    await cli.run(['claim', '--agent', 'a', '--session', id]);

    const busy = await cli.json(['claim', '--agent', 'b', '--session', id]);
    const held = await cli.json(['session', 'close', '--', id]);
    const running = await cli.json(['task', 'retry', '--', id]);

    expect([busy, held, running].map(({ error }) => error.code)).toEqual(['BUSY', 'BUSY', 'NOT_ENDED']);
    for (const { error } of [busy, held, running]) {
      const [words = []] = pasted(error.hint ?? '');
      expect(words.at(-1)).toBe(id);
      expect(words.join(' ')).toMatch(/^(why session|session show|task show) /u);
    }
    for (const { error } of [busy, held, running])
      expect((await cli.json(pasted(error.hint ?? '')[0] ?? [])).exit).toBe(0);
  },
);

test.concurrent('the time at which a lease was lost is in the zone of the reader', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  const { token } = (await cli.json(['claim', '--agent', 'a'])).data.lease;
  await cli.run(['release', '--outcome', 'released'], { env: { ORCHESTRATOR_TOKEN: token } });

  const { exit, stderr } = await cli.run(['heartbeat', '--token', token], { env: { TZ: 'Asia/Seoul' } });

  expect(exit).toBe(77);
  expect(stderr).toMatch(/ended by task\.released at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+09:00\./u);
});
