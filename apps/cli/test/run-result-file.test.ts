/*
 * run --result-file:
 *  - says what came of the command, to its owner alone
 *  - is looked at before anything is claimed
 *  - never replaces what is no regular file, nor follows it
 *  - is written through no name that another user could guess
 *  - also says that the store could not be reached
 */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { Cli } from './support/cli.ts';
import { addTask, resultIn, taskOf } from './support/running.ts';

describe.skipIf(process.platform === 'win32')('run --result-file', () => {
  test.concurrent('--result-file says what came of it', async ({ expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);
    const file = join(cli.folder, 'result.json');
    writeFileSync(file, 'what was there');

    await cli.run(['run', '--agent', 'a', '--result-file', 'result.json', '--', 'sh', '-c', 'exit 4']);

    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      schema_version: 1,
      kind: 'run',
      data: {
        exit: 4,
        reason: 'ended',
        code: 4,
        signal: null,
        interrupted_by: null,
        outcome: 'failed',
        status: 'scheduled',
        run_at: time,
        message: null,
        outcome_unknown: false,
        lost: null,
        started_at: time,
        ended_at: time,
        task_id: id,
        lease: {
          agent: 'a',
          instance: expect.any(String),
          fence: expect.any(Number),
          session_id: id,
          expires_at: time,
          ttl_ms: 120_000,
          stale_after_ms: 60_000,
        },
        artifacts: [],
        artifacts_missing: [],
      },
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.concurrent.for(['absent/result.json', '.', 'pipe', 'link', 'dangling'])(
    'a result file %s is refused before anything is claimed, and left as it is',
    async (file, { expect }) => {
      using cli = new Cli();
      const id = await addTask(cli);
      placeOddFiles(cli);
      const before = kindsIn(cli);

      const ran = await cli.run(['run', '--agent', 'a', '--result-file', file, '--', 'true']);

      expect([ran.exit, ran.stderr]).toEqual([73, expect.stringContaining('result file')]);
      expect(await taskOf(cli, id)).toMatchObject({ status: 'queued', startedAt: null });
      expect(kindsIn(cli)).toEqual(before);
    },
  );

  test.concurrent('what became no regular file while the command ran is left as it is, too', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli);

    const command = ['sh', '-c', 'mkfifo result.json'];
    const ran = await cli.run(['run', '--agent', 'a', '--result-file', 'result.json', '--', ...command]);

    expect([ran.exit, ran.stderr]).toEqual([74, expect.stringContaining('not a regular file')]);
    expect(lstatSync(join(cli.folder, 'result.json')).isFIFO()).toBe(true);
  });

  test.concurrent('a result file is written through no name that could be guessed and planted', async ({ expect }) => {
    using cli = new Cli();
    await addTask(cli);
    writeFileSync(join(cli.folder, 'precious'), 'precious');

    const command = ['sh', '-c', 'ln -s precious "result.json.$PPID.tmp"'];
    const ran = await cli.run(['run', '--agent', 'a', '--result-file', 'result.json', '--', ...command]);

    expect(ran.exit).toBe(0);
    expect(readFileSync(join(cli.folder, 'precious'), 'utf8')).toBe('precious');
    expect(lstatSync(join(cli.folder, 'result.json')).isFile()).toBe(true);
  });

  test.concurrent('a store that cannot be reached is 69, and the result file says so', async ({ expect }) => {
    using cli = new Cli();
    const words = [
      '--agent',
      'a',
      '--store',
      'postgres://stranger@127.0.0.1:1/none',
      '--ttl',
      '1s',
      '--result-file',
      'result.json',
    ];

    const ran = await cli.run(['run', ...words, '--', 'true']);

    expect([ran.exit, ran.stderr]).toEqual([69, expect.stringContaining('STORE_UNREACHABLE')]);
    expect(resultIn(join(cli.folder, 'result.json'))).toMatchObject({ exit: 69, reason: 'error', task_id: null });
  });
});

/** What a result file must never replace, nor write through. */
function placeOddFiles(cli: Cli): void {
  execFileSync('sh', ['-c', 'mkfifo pipe'], { cwd: cli.folder });
  writeFileSync(join(cli.folder, 'precious'), 'precious');
  symlinkSync('precious', join(cli.folder, 'link'));
  symlinkSync('nowhere', join(cli.folder, 'dangling'));
}

/** What kind of thing the odd files are, and what the linked one says. */
function kindsIn(cli: Cli): unknown {
  const kinds = ['pipe', 'link', 'dangling'].map((name) => lstatSync(join(cli.folder, name)).mode);
  return [...kinds, readFileSync(join(cli.folder, 'precious'), 'utf8'), existsSync(join(cli.folder, 'nowhere'))];
}
