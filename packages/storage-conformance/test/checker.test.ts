import type { Context, Event } from '@agent-orchestrator/core';
import { describe, expect, test } from 'vitest';
import { checkInvariants, type Journal, type JournalLine } from '../src/index.ts';
import { holderOf } from '../src/factories.ts';
import { editLines, find, inJournalOf, is } from './checker-forgery.ts';
import { first, Recorder, type RecordedWorker, type Run } from './checker-recorder.ts';
import { workingDay } from './checker-working-day.ts';
import { claimsOf, type Answered } from './planted-faults/planted-fault.ts';
import { emptyRecoveries } from './planted-faults/recovery.ts';

describe('the invariant checker', () => {
  test('finds nothing in a log of a day in which all is well', async () => {
    const { events, journals, recorder } = await workingDay();
    expect(await recorder.verify()).toMatchObject({ ok: true });
    expect(checkInvariants({ events, journals: [...journals, recorder.follower('watcher')] })).toEqual([]);
  });

  test('a command with an unknown outcome may have had its effect', async () => {
    const day = await workingDay();

    const { events, journals } = inJournalOf(day, 'company-agent', (lines) =>
      editLines(
        lines,
        (line) => line.is === 'answered',
        ({ call, at }) => ({ is: 'threw', call, code: 'OUTCOME_UNKNOWN', message: 'the connection was lost', at }),
      ),
    );

    expect(checkInvariants({ events, journals })).toEqual([]);
  });

  test('recoveries may pass a stale lease over until its grant can be seen: its answer came, or never', async () => {
    const day = await workingDay();
    const { at } = find(day, is('task.claimed', 'open'));
    const [late, unknown] = [answeredAfter(day, 20_000), answeredAfter(day, null)].map((run) =>
      inJournalOf(run, 'keeper', (lines) => [...lines, ...emptyRecoveries(at + 15_500)]),
    );

    const found = [
      checkInvariants(late as Run),
      checkInvariants({ ...(unknown as Run), tolerances: { uncommittedMs: 16_000 } }),
      checkInvariants({ ...(unknown as Run), tolerances: { uncommittedMs: 15_000 } }),
    ];

    expect(found.map((all) => all.map(({ invariant }) => invariant))).toEqual([[], [], ['I12']]);
  });

  test('a claim whose answer was lost may hand over what a later holder has saved since', async () => {
    const day = await workingDay();
    const { fence } = find(day, is('task.claimed', 'line-1'));
    const saved = day.events.findLast(({ type, sessionId }) => type === 'session.checkpointed' && sessionId === 'line');
    const own = find(day, is('session.checkpointed'));
    expect(own.fence).toBe(fence);

    const [late, early] = [saved, own].map((event) => toldContextOf(day, fence, event));

    expect(checkInvariants(late as Run)).toEqual([]);
    expect(checkInvariants(early as Run)).toMatchObject([{ invariant: 'I8' }]);
  });

  test('a recovery that was sent again may answer what was so the first time', async () => {
    const day = await workingDay();
    const { at } = find(day, is('task.claimed', 'open'));

    const { events, journals } = inJournalOf(day, 'keeper', (lines) => [
      ...lines,
      ...emptyRecoveries(at + 15_500).flatMap((line): JournalLine[] =>
        line.is === 'sent' ? [{ ...line, call: line.call + 100, at: at + 1 }, line] : [line],
      ),
    ]);

    expect(checkInvariants({ events, journals })).toEqual([]);
  });
});

describe('the invariant checker lets two reviews', () => {
  test('ask a question of one, while the other one approves', async () => {
    const { recorder, anna, ben, keeper } = await twoReviews();
    const { token, taskId } = await claimReview(anna, 'anna');
    await anna.release({ token, outcome: 'waiting', ask: { question: 'which?', to: { role: 'owner' } } });
    await ben.release({ token: (await claimReview(ben, 'ben')).token, outcome: 'approved' });
    await keeper.call('answer', { taskId, answer: 'that one', agent: 'keeper' });

    const types = recorder.run().events.flatMap((event) => (event.taskId === taskId ? [event.type] : []));
    expect(types.slice(-3)).toEqual(['task.asked', 'task.reviewer_excluded', 'task.answered']);
    expect(checkInvariants(recorder.run())).toEqual([]);
  });

  test('be held, while their work is cancelled', async () => {
    const { recorder, anna, ben, keeper } = await twoReviews();
    const one = await claimReview(anna, 'anna');
    const other = await claimReview(ben, 'ben');
    await keeper.call('cancel', { taskId: 'work' });
    await anna.release({ token: one.token, outcome: 'approved' });
    await ben.release({ token: other.token, outcome: 'changes_requested', note: 'not so' });

    expect(recorder.run().events.filter(is('task.cancelled', 'work'))).toHaveLength(1);
    expect(checkInvariants(recorder.run())).toEqual([]);
  });

  test.each(['author', 'ben'])('be passed over by %s, and by no other', async (agent) => {
    const { recorder, ben } = await twoReviews();
    await ben.release({ token: (await claimReview(ben, 'ben')).token, outcome: 'approved' });
    const poller = recorder.worker(agent, `${agent}.2`);
    for (const _ of [1, 2]) {
      recorder.clock.advance(60_000);
      expect(await poller.call('claim', { agent, ...REVIEWS })).toMatchObject({ reason: 'no_task' });
    }
    const { events, journals } = recorder.run();
    const polls = JSON.stringify(journals.at(-1)).replaceAll(JSON.stringify(agent), '"carl"');

    expect(checkInvariants({ events, journals })).toEqual([]);
    const forged = [...journals.slice(0, -1), JSON.parse(polls) as Journal];
    expect(checkInvariants({ events, journals: forged })).toMatchObject([{ invariant: 'I13' }]);
    // No other saw the review as it is while the commit lasted that changed it.
    const late = forged.map((lines, of) =>
      lines.map((line) => (line.is === 'answered' && of < 3 ? { ...line, at: recorder.clock.now } : line)),
    );
    expect(checkInvariants({ events, journals: late })).toEqual([]);
  });
});

const REVIEWS = { roles: ['reviewer'], kinds: ['review'], ttlMs: 10_000, staleAfterMs: 15_000 };

/** Work of the author that two reviews wait for. */
async function twoReviews() {
  const recorder = new Recorder();
  const author = recorder.worker('author');
  await author.call('enqueue', { tasks: [{ id: 'work', review: { role: 'reviewer', approvals: 2 } }] });
  const work = first(await author.call('claim', { agent: 'author', ttlMs: 10_000, staleAfterMs: 15_000 }));
  await author.release({ ...holderOf(work), outcome: 'succeeded' });
  return { recorder, anna: recorder.worker('anna'), ben: recorder.worker('ben'), keeper: recorder.worker('keeper') };
}

async function claimReview(worker: RecordedWorker, agent: string): Promise<{ token: string; taskId: string }> {
  const claim = first(await worker.call('claim', { agent, ...REVIEWS }));
  return { ...holderOf(claim), taskId: claim.task.id };
}

/** The day, but the answer to the claim of `open` came so late; null: it never came. */
function answeredAfter(day: Run, lateMs: number | null): Run {
  const { commandId, at } = find(day, is('task.claimed', 'open'));
  return inJournalOf(day, 'company-agent', (lines) => {
    const call = lines.find(
      (line) => line.is === 'sent' && 'commandId' in line.request && line.request.commandId === commandId,
    );
    const isAnswer = (line: JournalLine) => line.is === 'answered' && call?.is === 'sent' && line.call === call.call;
    return lines.flatMap((line) => (isAnswer(line) ? (lateMs === null ? [] : [{ ...line, at: at + lateMs }]) : [line]));
  });
}

/** The day, but the answer to the claim with this fence has the context that an event saved. */
function toldContextOf(day: Run, fence: number | null, event: Event | undefined): Run {
  const saved = JSON.parse(event?.payload ?? '{}') as Pick<Context, 'turn' | 'hash'>;
  const context: Context = { lastAction: null, nextAction: null, memoryRef: null, data: null, ...saved };
  const isMeant = (line: JournalLine): line is Answered =>
    line.is === 'answered' && claimsOf(line.reply)[0]?.lease.fence === fence;
  return inJournalOf(day, 'company-agent', (lines) =>
    editLines(lines, isMeant, (line) => ({
      ...line,
      reply: { ok: true, claims: claimsOf(line.reply).map((claim) => ({ ...claim, context })) },
    })),
  );
}
