/*
 * What happens between two calls, and while one is under way:
 *  - a claim whose answer the host did not wait for is given by the next claim
 *  - what happened meanwhile is said first: a lost lease, a cancellation
 *  - no answer says both that a task is held and that it is not
 */
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../src/profiles.ts';
import type { Tool } from '../src/tools/tool.ts';
import { Workplace } from './support/workplace.ts';

describe('what happens between two calls', () => {
  test('a claim whose answer the host did not wait for is given by the next claim', async () => {
    await using work = new Workplace();
    await work.others((one) => one.enqueueTasks([{ title: 'a' }, { title: 'b' }]));
    await work.call('claim_task', {}, AbortSignal.abort());

    const again = await work.call('claim_task');

    expect(again.lines[0]).toMatch(/^You hold t1 /u);
    expect(work.held.names).toEqual(['t1']);
    expect((await work.call('claim_task')).lines[0]).toMatch(/^You hold t2 /u);
  });

  test('two claims at the same time take two tasks', async () => {
    await using work = new Workplace();
    await work.others((one) => one.enqueueTasks([{ title: 'a' }, { title: 'b' }]));

    const both = await Promise.all([work.call('claim_task'), work.call('claim_task')]);

    const names = both.map(({ lines }) => /^You hold (t\d)/u.exec(lines[0] ?? '')?.[1]);
    expect(new Set(names)).toEqual(new Set(['t1', 't2']));
  });

  test('a lost lease is not said to a host that no longer waits, but by the next answer', async () => {
    await using work = new Workplace();
    await work.others((one) => one.enqueueTask({ title: 'a' }));
    await work.call('claim_task');
    for (const held of work.held.all) work.held.lose(held, null);

    const unread = await work.call('task_status', {}, AbortSignal.abort());
    const read = await work.call('task_status');

    const notice = 'You no longer hold t1: its store was moved. Stop that work.';
    expect(unread.text).not.toContain(notice);
    expect(read.lines[0]).toBe(notice);
  });

  test('a loss that the keeper tells after the text of an answer was made is said by the next answer', async () => {
    await using work = new Workplace();
    await work.others((one) => one.enqueueTask({ title: 'a' }));
    await work.call('claim_task');
    const { holdings } = work.held;
    const tool = PROFILES.agent.find(({ name }) => name === 'task_status')!;
    const telling: Tool = {
      ...tool,
      async run(...call) {
        const answer = await tool.run(...call);
        for (const lease of holdings.list()) holdings.tell(lease, { ended: { how: 'lost', reply: null } });
        // Another call hears it meanwhile, but the host no longer waits for it.
        await work.call('task_status', {}, AbortSignal.abort());
        return answer;
      },
    };

    const before = await work.calls.run(telling, {}, new AbortController().signal);
    const after = await work.call('task_status');

    expect(before.content[0].text).toMatch(/^You hold t1 until /u);
    expect(after.lines.slice(0, 2)).toEqual([
      'You no longer hold t1: its store was moved. Stop that work.',
      'You hold no task. Next: resume, or claim_task.',
    ]);
  });

  test('a call that asks for nothing that is held says what the keeper told before it', async () => {
    await using work = new Workplace();
    await work.others((one) => one.enqueueTask({ title: 'a' }));
    await work.call('claim_task');
    const { holdings } = work.held;
    for (const lease of holdings.list()) holdings.tell(lease, { ended: { how: 'lost', reply: null } });

    const added = await work.call('enqueue_task', { title: 'b' });

    expect(added.lines[0]).toBe('You no longer hold t1: its store was moved. Stop that work.');
  });

  test('a lost lease is said by the call that meets it, and its work is not stored', async () => {
    await using work = new Workplace();
    await work.others((one) => one.enqueueTask({ title: 'a' }));
    await work.call('claim_task');
    await work.others(async (one) => {
      const [held] = work.held.all;
      // As another process with the token would end it.
      await one.releaseTask({ ...held!.holder, outcome: 'released' });
    });

    const saved = await work.call('checkpoint', { next_action: 'x' });
    const next = await work.call('task_status');

    expect(saved.isError).toBe(true);
    expect(saved.lines).toEqual([
      expect.stringMatching(
        /^You no longer hold t1: task\.released at \S+Z\. Nothing was saved\. Next: stop that work/u,
      ),
    ]);
    expect(next.lines[0]).toMatch(/^You hold no task\. Next: /u);
    expect((await work.call('checkpoint', { task: 't1' })).text).toContain('You no longer hold t1');
  });

  test('a cancellation comes first', async () => {
    await using work = new Workplace();
    await work.others((one) => one.enqueueTask({ title: 'a' }));
    await work.call('claim_task');
    await work.others((one) => one.cancelTask({ taskId: 't1' }));

    const saved = await work.call('checkpoint', { next_action: 'x' });
    const ended = await work.call('release_task', { outcome: 'cancelled' });

    expect(saved.lines).toEqual([
      'Cancellation of t1 was requested. Next: stop, then release_task with outcome cancelled.',
      'Saved as checkpoint 1 of t1.',
    ]);
    expect(ended.text).toContain('is cancelled');
  });
});
