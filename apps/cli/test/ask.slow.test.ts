/**
 * Questions and answers on the command line:
 * - release --outcome waiting asks; ask list shows the question first of all, and to whom it is; answer answers it
 * - the next claim, task show and the events have the question, the answer and its author
 * - status and since show open questions first
 * - an answer to what asks nothing, that comes second, or that is to another question, is refused: exit 1
 * - what is asked is data: it moves no cursor and breaks no line
 * - a command under run asks, and run reports no failure
 */
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';
import { ORCHESTRATOR, resultIn } from './support/running.ts';

/** Given: a task that waits for an answer. */
async function asks(cli: Cli, words: readonly string[] = [], question = 'Which server?') {
  const { data } = await cli.json(['task', 'create', 'Deploy']);
  const claimed = await cli.json(['claim', '--agent', 'a', '--session', data.id]);
  const holder = holderOf(claimed.data.lease);
  const released = await cli.json(['release', ...holder, '--outcome', 'waiting', '--ask', question, ...words]);
  return { id: data.id, released };
}

test.concurrent('a question is asked, listed, answered, and the next claim has the answer', async ({ expect }) => {
  using cli = new Cli();
  const { id, released } = await asks(cli, ['--to-role', 'owner']);
  const all = await cli.json(['ask', 'list']);
  const mine = await cli.json(['ask', 'list', '--to', 'jane', '--to-role', 'owner']);
  const others = await cli.json(['ask', 'list', '--to', 'owner']);
  const text = await cli.run(['ask', 'list']);

  const answered = await cli.json(['answer', 't1', 'the new one', '--agent', 'jane']);
  const claimed = await cli.json(['claim', '--agent', 'b']);
  const shown = await cli.run(['task', 'show', 't1']);
  const events = await cli.run(['events', '--task', 't1']);

  expect(released).toMatchObject({ exit: 0, data: { status: 'waiting', run_at: null } });
  expect(all).toMatchObject({
    exit: 0,
    kind: 'questions',
    data: [{ id, question: 'Which server?', asked_role: 'owner' }],
  });
  expect([mine.data, others.data]).toMatchObject([[{ id }], []]);
  expect(text.stdout).toMatch(
    /^\? waiting {2}t1 .*a asked role owner .*: "Which server\?" {2}orchestrator answer t1 TEXT\n$/,
  );
  expect(answered).toMatchObject({
    exit: 0,
    data: { id, status: 'queued', answer: 'the new one', answered_by: 'jane' },
  });
  expect(claimed.data['task']).toMatchObject({ id, attempt: 1, question: 'Which server?', answer: 'the new one' });
  expect(shown.stdout).toContain('jane: "the new one"');
  expect(events.stdout).toContain('task.asked');
  expect(events.stdout).toContain('answer=the new one');
});

test.concurrent('status and since show open questions first', async ({ expect }) => {
  using cli = new Cli();
  await asks(cli);

  const status = await cli.run(['status']);
  const since = await cli.run(['since', '1h']);
  const resume = await cli.run(['resume', '--agent', 'a']);
  const why = await cli.run(['why', 'task', 't1']);

  expect(status.stdout.split('\n').slice(0, 2)).toEqual(['NEEDS YOU', expect.stringContaining('"Which server?"')]);
  expect(since.stdout).toMatch(/^OPEN QUESTIONS {2}1 .*\n.*"Which server\?"/);
  expect(since.stdout).toMatch(/WAITING FOR YOU\n {2}nothing but the open questions\n$/);
  expect(resume.stdout).toContain('not answered yet: "Which server?"');
  expect(why.stdout).toContain('orchestrator answer t1 TEXT');
});

test.concurrent('an answer that no question takes is refused', async ({ expect }) => {
  using cli = new Cli();
  const { id } = await asks(cli);
  const [asked] = (await cli.json(['ask', 'list'])).data as unknown as { asked_at: string }[];
  await cli.json(['task', 'create', 'other']);

  const early = await cli.json(['answer', id, 'x', '--asked-at', '2020-01-01T00:00:00.000Z']);
  const answered = await cli.json(['answer', id, 'this', '--agent', 'jane', '--asked-at', asked?.asked_at ?? '']);
  const again = await cli.json(['answer', id, 'that']);
  const nothing = await cli.json(['answer', 't2', 'x']);
  const absent = await cli.json(['answer', 'absent', 'x']);
  const empty = await cli.json(['answer', id, '']);

  expect(answered.exit).toBe(0);
  expect([early, again, nothing, absent, empty].map(({ exit, error }) => [exit, error.code, error.field])).toEqual([
    [1, 'OTHER_QUESTION', 'asked_at'],
    [1, 'ANSWERED', undefined],
    [1, 'NO_QUESTION', 'task_id'],
    [66, 'NOT_FOUND', 'id'],
    [64, 'INVALID_INPUT', 'answer'],
  ]);
  expect(again.error).toMatchObject({ details: { answer: 'this', answered_by: 'jane', status: 'queued' } });
});

test.concurrent('a release that asks wrongly is refused', async ({ expect }) => {
  using cli = new Cli();
  const release = async (...words: string[]) =>
    cli
      .json(['release', '--token', `7-${'0'.repeat(32)}`, '--outcome', ...words])
      .then(({ exit, error }) => [exit, error.field]);

  expect(await release('waiting')).toEqual([64, 'ask']);
  expect(await release('released', '--ask', 'x')).toEqual([64, 'ask']);
  expect(await release('waiting', '--ask', 'x', '--to', 'a', '--to-role', 'b')).toEqual([64, 'to']);
});

test.concurrent('what is asked is data: it moves no cursor and breaks no line', async ({ expect }) => {
  using cli = new Cli();
  await asks(cli, [], 'a\n\u001b[2Jb"');

  const outputs = await Promise.all(
    [['status'], ['since', '1h'], ['ask', 'list'], ['task', 'show', 't1'], ['events'], ['resume', '--agent', 'a']].map(
      async (words) => (await cli.run(words)).stdout,
    ),
  );

  for (const stdout of outputs) {
    expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
    expect(stdout.split('\n').filter((line) => line.startsWith('b'))).toEqual([]);
  }
});

describe.skipIf(process.platform === 'win32')('a command under run', () => {
  test.concurrent('asks, and run reports no failure', async ({ expect }) => {
    using cli = new Cli();
    await cli.json(['task', 'create', 'Deploy']);
    const file = join(cli.folder, 'result.json');
    const script = `${ORCHESTRATOR} release --outcome waiting --ask 'Which server?' --to jane`;

    const { exit, stderr } = await cli.run(['run', '--agent', 'a', '--result-file', file, '--', 'sh', '-c', script]);

    expect([exit, stderr]).toEqual([0, expect.not.stringMatching(/lost|fail/i)]);
    expect(resultIn(file)).toMatchObject({ reason: 'released_by_command', code: 0, outcome: null });
    expect((await cli.json(['task', 'show', 't1'])).data).toMatchObject({
      status: 'waiting',
      attempt: 0,
      question: 'Which server?',
      asked_agent: 'jane',
    });
  });
});
