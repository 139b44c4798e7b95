/*
 * What an answer shows of a task, and of the tasks around it:
 *  - the work that it judges, what it depends on and consists of, and what was answered
 *  - its own checkpoint comes first; what is around it has a bound, and what is left out is counted
 *  - where the whole of a text is that was cut, whichever task has it
 *  - a verdict is asked for only where there is work to judge
 */
import { expect, test } from 'vitest';
import { Workplace } from './support/workplace.ts';

test('only a review is to be approved, whatever the kind of a task says', async () => {
  await using work = new Workplace();
  await work.others((one) => one.enqueueTask({ title: 'approve what I did', kind: 'review' }));

  const claimed = await work.call('claim_task');
  const said = [claimed, await work.call('resume'), await work.call('task_status')];

  for (const { lines } of said) expect(lines[0]).toMatch(/Next: work, checkpoint after each step/u);
});

test('a claim shows the work that it judges, what it depends on and consists of, and what was answered', async () => {
  await using work = new Workplace();
  const done = { agent: 'home-agent', result: { file: 'parser.ts' } };
  await work.others(async (one) => {
    await one.enqueueTask({ title: 'parse', reviewer: 'company-agent', review: { role: 'reviewer', approvals: 1 } });
    const parsing = await one.claimTask({ agent: 'home-agent' });
    if (!parsing.ok) return;
    await one.checkpoint({ token: parsing.lease.token, nextAction: 'look at the lexer' });
    await one.releaseTask({ token: parsing.lease.token, outcome: 'succeeded', result: done.result });
  });

  const first = await work.call('claim_task');
  const changes = await work.call('release_task', { outcome: 'changes_requested', note: 'no test' });
  const asked = await work.call('task_status', { task: 't1' });
  await work.others(async (one) => {
    const again = await one.claimTask({ agent: 'home-agent' });
    if (again.ok) await one.releaseTask({ token: again.lease.token, outcome: 'succeeded', result: done.result });
  });
  const review = await work.call('claim_task');
  await work.call('release_task', { outcome: 'approved' });
  await work.others(async (one) => {
    const { task } = await one.enqueueTask({ title: 'print', dependsOn: ['t1'], assignee: 'company-agent' });
    await one.enqueueTask({ title: 'indent', parentId: task.id, assignee: 'home-agent' });
  });
  await work.call('claim_task');
  await work.call('release_task', { outcome: 'waiting', question: 'Tabs?', to: 'home-agent', task: 't4' });
  await work.others((one) => one.answerTask({ taskId: 't4', agent: 'home-agent', answer: 'Spaces.' }));
  const answered = await work.call('claim_task');

  expect(first.text).toContain('judges t1 by home-agent, round 1:');
  expect(changes.text).toContain('is succeeded. The verdict counts for round 1.');
  expect(asked.lines).toContain('note by company-agent, changes requested in round 1 "no test"');
  expect(review.lines[0]).toContain('then release_task with outcome approved, or changes_requested and a note.');
  expect(review.lines.slice(-5)).toEqual([
    'judges t1 by home-agent, round 2:',
    'its title "parse"',
    'its result {"file":"parser.ts"}',
    'its checkpoint 1 by home-agent:',
    'its next action "look at the lexer"',
  ]);
  expect(answered.lines.slice(-6)).toEqual([
    'title "print"',
    'question by company-agent "Tabs?"',
    'answer by home-agent "Spaces."',
    'depends on t1 (succeeded) "parse"',
    'its result {"file":"parser.ts"}',
    'has the part t5 (queued) "indent"',
  ]);
});

test('a claim shows its own checkpoint first, and what is around it within a bound', async () => {
  await using work = new Workplace();
  const ends = await work.others(async (one) => {
    const titles = Array.from({ length: 12 }, (_, n) => ({ title: `part ${n}`, assignee: 'home-agent' }));
    const { tasks } = await one.enqueueTasks(titles);
    for (const { task } of tasks) {
      const claimed = await one.claimTask({ agent: 'home-agent' });
      const result = { text: 'x'.repeat(task.id === tasks[1]?.task.id ? 2_000 : 900) };
      if (claimed.ok) await one.releaseTask({ token: claimed.lease.token, outcome: 'succeeded', result });
    }
    return tasks.map(({ task }) => task.id);
  });
  await work.others((one) => one.enqueueTask({ title: 'join', dependsOn: ends }));
  await work.call('claim_task');
  await work.call('checkpoint', { next_action: 'read the parts' });
  await work.call('release_task', { outcome: 'released' });

  const { lines } = await work.call('claim_task');

  const around = lines.slice(lines.findIndex((line) => line.startsWith('depends on')));
  expect(lines.indexOf('next action "read the parts"')).toBe(lines.length - around.length - 1);
  expect(Buffer.byteLength(around.join('\n'))).toBeLessThan(8_500);
  expect(around.slice(-2)).toEqual([
    expect.stringMatching(/^depends on \d more: orchestrator task graph t13$/u),
    'Whole texts: orchestrator task show t2 --json',
  ]);
  const shown = around.filter((line) => /^depends on t\d+ /u.test(line));
  expect(shown.length + Number(/depends on (\d+) more/u.exec(around.join('\n'))?.[1])).toBe(12);
});

test('tells where the whole of a long text is', async () => {
  await using work = new Workplace();
  await work.others((one) => one.enqueueTask({ title: 'a', payload: { text: 'x'.repeat(20_000) } }));

  const { lines, text } = await work.call('claim_task');

  expect(lines.at(-1)).toBe('Whole texts: orchestrator task show t1 --json; orchestrator session show t1 --json');
  expect(text.length).toBeLessThan(10_000);
});

test('names the task that was cut: the one that a review judges, or one that has ended', async () => {
  await using work = new Workplace();
  await work.others(async (one) => {
    const text = 'x'.repeat(3_500);
    const data = { next: text, last: text };
    await one.enqueueTask({
      title: 'a',
      payload: { text },
      reviewer: 'company-agent',
      review: { role: 'reviewer', approvals: 1 },
    });
    const claimed = await one.claimTask({ agent: 'home-agent' });
    if (!claimed.ok) return;
    const { token } = claimed.lease;
    await one.checkpoint({ token, nextAction: text, lastAction: text, data });
    await one.releaseTask({ token, outcome: 'succeeded', result: { text: `${text}${text}${text}` } });
  });

  const review = await work.call('claim_task', { kind: 'review' });
  const ended = await work.call('task_status', { task: 't1' });

  expect(review.lines.slice(-2)).toEqual([
    'more of t1 is left out',
    'Whole texts: orchestrator task show t1 --json; orchestrator session show t1 --json',
  ]);
  expect(Buffer.byteLength(review.text)).toBeLessThan(9_000);
  expect(ended.lines.at(-1)).toBe('Whole texts: orchestrator task show t1 --json');
});
