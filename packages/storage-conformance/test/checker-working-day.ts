import { holderOf } from '../src/factories.ts';
import { first, Recorder, type RecordedClaim, type RecordedWorker, type Run } from './checker-recorder.ts';

const TTL = { ttlMs: 10_000, staleAfterMs: 15_000 };

interface Workers {
  readonly recorder: Recorder;
  readonly company: RecordedWorker;
  readonly home: RecordedWorker;
  readonly keeper: RecordedWorker;
  readonly crew: RecordedWorker;
}

/**
 * A day in which everything happens that may happen: work, crashes, takeovers, resumes, recovery, a zombie, lost
 * answers, dead letters, cancellations, hand-offs, questions, refusals, a batch, a review, a machine that slept. At its
 * end one lease and one review are open.
 */
export async function workingDay(): Promise<Run & { readonly recorder: Recorder }> {
  const recorder = new Recorder();
  const company = recorder.worker('company-agent');
  const home = recorder.worker('home-agent');
  const keeper = recorder.worker('keeper');
  const crew = recorder.worker('crew-agent');
  const workers: Workers = { recorder, company, home, keeper, crew };

  await enqueue(workers);
  const second = await workOneByOne(workers);
  const taken = await takeOver(workers, second);
  const restarted = await restart(workers, taken);
  await giveBackAndHandOff(workers, restarted);
  await failForGood(workers, restarted);
  await recoverPoison(workers);
  await sleep(workers, restarted);
  await askAndAnswer(workers);
  await waitForAnother(workers);
  await releaseBatch(workers);
  await handOffInVain(workers);
  await review(workers);
  await runOutOfWork(workers);
  return { ...recorder.run(), recorder };
}

/** One of two reviews approves the work; the other stays open. */
async function review({ company, home }: Workers): Promise<void> {
  await company.call('enqueue', { tasks: [{ id: 'reviewed', review: { role: 'reviewer', approvals: 2 } }] });
  const work = first(await company.call('claim', { agent: 'company-agent', sessionId: 'reviewed', ...TTL }));
  await company.call('release', { items: [{ ...holderOf(work), outcome: 'succeeded' }] });
  const own = first(await home.call('claim', { agent: 'home-agent', roles: ['reviewer'], kinds: ['review'], ...TTL }));
  await home.call('release', { items: [{ ...holderOf(own), outcome: 'approved' }] });
}

async function enqueue({ company, home }: Workers): Promise<void> {
  await company.call('enqueue', {
    tasks: ['line-1', 'line-2', 'line-3'].map((id) => ({ id, sessionId: 'line', backoffMs: 2_000, attemptsMax: 2 })),
  });
  await company.call('enqueue', {
    tasks: [
      { id: 'solo', dedupeKey: 'once' },
      { id: 'poison', interruptionsMax: 0 },
    ],
  });
  await home.call('enqueue', { tasks: [{ id: 'again', dedupeKey: 'once' }] });
}

/** Claim, heartbeat, checkpoint, release; then the next of the line in the same transaction. */
async function workOneByOne({ recorder: { clock }, company, home }: Workers): Promise<RecordedClaim> {
  const one = first(
    await company.call('claim', { agent: 'company-agent', instance: 'company-agent.1', sessionId: 'line', ...TTL }),
  );
  await home.call('claim', { agent: 'home-agent', sessionId: 'line', ...TTL });
  clock.advance(3_000);
  await company.call('heartbeat', holderOf(one));
  await company.call('checkpoint', { ...holderOf(one), nextAction: 'finish one' });
  const released = await company.release(
    { ...holderOf(one), outcome: 'succeeded' },
    { claimNext: { agent: 'company-agent', kinds: ['task'], ...TTL } },
  );
  const [two] = released.next;
  if (two === undefined) throw new Error('there was no next task');
  await company.call('checkpoint', { ...holderOf(two), nextAction: 'continue with two' });
  await company.call('heartbeat', holderOf(two));
  return two;
}

/** company-agent falls silent. Its session is taken over at expiry, and it comes back as a zombie. */
async function takeOver({ recorder: { clock }, company, home }: Workers, two: RecordedClaim): Promise<RecordedClaim> {
  clock.advance(10_000);
  const taken = first(
    await home.call('claim', { agent: 'home-agent', instance: 'home-agent.1', sessionId: two.lease.sessionId, ...TTL }),
  );
  await company.call('checkpoint', { ...holderOf(two), nextAction: 'too late' });
  await company.call('heartbeat', holderOf(two));
  return taken;
}

/** home-agent is restarted: it takes its session back at once, and sends again what was not answered. */
async function restart({ recorder, home }: Workers, taken: RecordedClaim): Promise<RecordedWorker> {
  const home2 = recorder.worker('home-agent', 'home-agent.2');
  const commandId = recorder.commandId();
  const seed = recorder.seed();
  const resume = { commandId, seed, agent: 'home-agent', instance: 'home-agent.2', resume: true, ...TTL };
  await home2.unanswered('claim', resume);
  const resumed = first(await home2.call('claim', resume));
  await home2.call('checkpoint', { ...holderOf(resumed), turn: 9 });
  await home2.call('checkpoint', { ...holderOf(resumed), turn: 3 });
  await home2.release({ ...holderOf(resumed), outcome: 'failed', error: { message: 'no luck' } });
  await home2.release({ ...holderOf(resumed), outcome: 'failed', error: { message: 'no luck' } });
  await home.release({ ...holderOf(taken), outcome: 'succeeded' });
  return home2;
}

/** The rest of the line: given back, handed off, and done by the agent that it was handed off to. */
async function giveBackAndHandOff({ recorder: { clock }, company }: Workers, home2: RecordedWorker): Promise<void> {
  const back = first(await company.call('claim', { agent: 'company-agent', sessionId: 'line', ...TTL }));
  await company.release({ ...holderOf(back), outcome: 'released', note: 'not mine' });
  const backAgain = first(await company.call('claim', { agent: 'company-agent', sessionId: 'line', ...TTL }));
  await company.release({ ...holderOf(backAgain), outcome: 'handed_off', to: { agent: 'home-agent' } });
  await company.call('claim', { agent: 'company-agent', sessionId: 'line', ...TTL });
  clock.advance(5_000);
  const handed = first(await home2.call('claim', { agent: 'home-agent', sessionId: 'line', ...TTL }));
  await home2.release({ ...holderOf(handed), outcome: 'succeeded' });
}

/** The second attempt of what failed fails as well: a dead letter, retried by hand. */
async function failForGood({ keeper }: Workers, home2: RecordedWorker): Promise<void> {
  const last = first(await home2.call('claim', { agent: 'home-agent', sessionId: 'line', ...TTL }));
  await home2.release({ ...holderOf(last), outcome: 'failed', error: { message: 'no luck again' } });
  await keeper.call('retry', { taskId: last.task.id });
  const retried = first(await home2.call('claim', { agent: 'home-agent', sessionId: 'line', ...TTL }));
  await keeper.call('cancel', { taskId: last.task.id });
  await keeper.call('cancel', { taskId: last.task.id });
  await home2.call('heartbeat', holderOf(retried));
  await home2.release({ ...holderOf(retried), outcome: 'failed', error: { message: 'was to be cancelled' } });
}

/** A poisonous task: recovered once stale, and dead. */
async function recoverPoison({ recorder: { clock }, company, keeper }: Workers): Promise<void> {
  const poison = first(await company.call('claim', { agent: 'company-agent', sessionId: 'poison', ...TTL }));
  clock.advance(2_000);
  await company.unanswered('heartbeat', holderOf(poison));
  await keeper.call('recover', {});
  clock.advance(16_000);
  await keeper.call('recover', { agent: 'keeper' });
  await keeper.call('recover', {});
}

/** The machine sleeps: every holder gets a new TTL before any of them may be recovered. */
async function sleep({ recorder: { clock }, keeper }: Workers, home2: RecordedWorker): Promise<void> {
  const solo = first(await home2.call('claim', { agent: 'home-agent', ...TTL }));
  clock.sleep(60_000);
  await keeper.call('recover', {});
  await home2.call('heartbeat', holderOf(solo));
  await home2.release({ ...holderOf(solo), outcome: 'succeeded', result: { done: true } });
}

/** A question of the owner, and a poll meanwhile that finds nothing; its answer, and the rest of the work. */
async function askAndAnswer({ recorder: { clock }, company, keeper }: Workers): Promise<void> {
  await company.call('enqueue', { tasks: [{ id: 'asks', assignee: 'company-agent' }] });
  const asks = first(await company.call('claim', { agent: 'company-agent', ...TTL }));
  await company.release({ ...holderOf(asks), outcome: 'waiting', ask: { question: 'which?', to: { role: 'owner' } } });
  await company.call('claim', { agent: 'company-agent', ...TTL });
  clock.advance(5_000);
  await keeper.call('answer', { taskId: 'asks', answer: 'that one', agent: 'keeper' });
  await keeper.call('answer', { taskId: 'asks', answer: 'or that one' });
  const again = first(await company.call('claim', { agent: 'company-agent', ...TTL }));
  await company.release({ ...holderOf(again), outcome: 'succeeded' });
}

/** A task that waits for another one, which is done meanwhile. */
async function waitForAnother({ company, keeper }: Workers): Promise<void> {
  const own = { assignee: 'company-agent' };
  await company.call('enqueue', {
    tasks: [
      { id: 'collects', priority: 0, ...own },
      { id: 'counts', ...own },
    ],
  });
  const collects = first(await company.call('claim', { agent: 'company-agent', ...TTL }));
  await company.release({ ...holderOf(collects), outcome: 'waiting', on: ['counts'] });
  const counts = first(await company.call('claim', { agent: 'company-agent', ...TTL }));
  await company.release({ ...holderOf(counts), outcome: 'succeeded' });
  await keeper.call('recover', {});
  const again = first(await company.call('claim', { agent: 'company-agent', ...TTL }));
  await company.release({ ...holderOf(again), outcome: 'succeeded' });
}

/** A batch of three leases, one of them lost before. Two end, and the lost task is claimed again in the same step. */
async function releaseBatch({ recorder: { clock }, keeper, crew }: Workers): Promise<void> {
  await crew.call('enqueue', {
    tasks: ['batch-1', 'batch-2', 'batch-3'].map((id) => ({ id, assignee: 'crew-agent' })),
  });
  const batch = await crew.call('claim', { agent: 'crew-agent', limit: 2, ...TTL });
  if (!batch.ok) throw new Error('nothing was claimed');
  const short = first(await crew.call('claim', { agent: 'crew-agent', ttlMs: 1_000, staleAfterMs: 1_000 }));
  clock.advance(2_000);
  await keeper.call('recover', {});
  const ended = await crew.call('release', {
    items: [...batch.claims, short].map((claim) => ({ ...holderOf(claim), outcome: 'succeeded' })),
    claimNext: { agent: 'crew-agent', limit: 2, ...TTL },
  });
  for (const claim of ended.next) await crew.release({ ...holderOf(claim), outcome: 'succeeded' });
}

/** A task that is handed off for a time, not claimed, and done by its sender in the end. */
async function handOffInVain({ recorder: { clock }, keeper, crew }: Workers): Promise<void> {
  await crew.call('enqueue', { tasks: [{ id: 'back', assignee: 'crew-agent' }] });
  const sent = first(await crew.call('claim', { agent: 'crew-agent', ...TTL }));
  await crew.release({ ...holderOf(sent), outcome: 'handed_off', to: { role: 'absent' }, byMs: 5_000 });
  clock.advance(5_000);
  await keeper.call('recover', {});
  const back = first(await crew.call('claim', { agent: 'crew-agent', ...TTL }));
  await crew.release({ ...holderOf(back), outcome: 'succeeded' });
}

/** Polls that find nothing; then there is work again, and one lease is open at the end. */
async function runOutOfWork({ recorder: { clock }, company, keeper }: Workers): Promise<void> {
  clock.advance(5_000);
  for (const _ of [1, 2, 3]) await company.call('claim', { agent: 'company-agent', ...TTL });
  await keeper.call('close', { sessionId: 'line' });
  await keeper.call('enqueue', { tasks: [{ id: 'open' }, { id: 'void' }, { id: 'theirs', assignee: 'other-agent' }] });
  await keeper.call('cancel', { taskId: 'void' });
  await company.call('claim', { agent: 'company-agent', ...TTL });
  clock.advance(1_000);
  for (const _ of [1, 2, 3]) await company.call('claim', { agent: 'company-agent', ...TTL });
  await company.call('close', { sessionId: 'open' });
}
