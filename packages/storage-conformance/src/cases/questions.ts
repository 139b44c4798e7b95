import { LIMITS, type TaskRecord } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { allPages } from '../everything.ts';
import { AGENT, claimCall, holderOf, idsOf, OTHER_AGENT, type TaskCall } from '../factories.ts';
import type { World } from '../world.ts';

export const questions = chapter('questions and answers', {
  'a question ends the attempt uncharged, keeps the context, and frees the session': asks,
  'a task that waits is not claimed, by session or without, until its answer is there': notClaimed,
  'the answer queues it again in its old place, and the next holder gets both': answered,
  'the session of a task that waits does its other tasks, and the lease that asked takes the next of them':
    freeForOthers,
  'of two answers at once, one is taken and the other is told it': answeredTwice,
  'an answer and a cancellation at once: one of the two has its effect': answerAndCancel,
  'an answer names the very question, and no later one is answered by it': otherQuestion,
  'an answer to a task that asks nothing, or that is not there, changes nothing': nothingAsked,
  'a session is not closed while a task in it waits, unless its tasks are cancelled, page by page': closing,
  'open questions are listed, the oldest first, in pages of any size': listed,
  'open questions are listed by whom they ask: an agent, or roles': listedFor,
  'a page of questions continues after one that was answered meanwhile': pageAfterAnswered,
  'questions stay in their namespace': inside,
  'a question and an answer may hold any text': anyText,
  'waiting tasks are counted, and listed by their status': counted,
});

const ASK = { question: 'which?' };

/** Given: a task that waits for an answer. */
async function waiting(world: World, task: TaskCall = {}, ask: object = {}): Promise<TaskRecord> {
  const claim = await world.claimNew(task);
  await world.release(claim, { outcome: 'waiting', ask: { ...ASK, ...ask } });
  return world.task(claim.task.id);
}

async function asks(world: World): Promise<void> {
  const claim = await world.claimNew({ priority: 3 });
  await world.orchestrator.checkpoint({ ...holderOf(claim), nextAction: 'ask the owner' });
  world.clock.advance(5_000);
  const askedAt = world.clock.now;

  const released = await world.release(claim, { outcome: 'waiting', ask: { ...ASK, to: { role: 'owner' } } });

  expect(released).toMatchObject({ ok: true, status: 'waiting', repeated: false, next: null });
  expect(await world.task(claim.task.id)).toMatchObject({
    status: 'waiting',
    attempt: 0,
    interruptions: 0,
    queuedAt: claim.task.queuedAt,
    question: 'which?',
    askedAt,
    askedBy: AGENT,
    askedAgent: null,
    askedRole: 'owner',
    answer: null,
    answeredBy: null,
  });
  expect(await world.rival.getSession(claim.lease.sessionId)).toMatchObject({
    status: 'idle',
    agent: null,
    tasksOpen: 1,
    headTaskId: null,
    context: { nextAction: 'ask the owner' },
  });
}

async function notClaimed(world: World): Promise<void> {
  const { id, sessionId } = await waiting(world, { sessionId: 'talk', delayMs: 0 });
  world.clock.advance(LIMITS.ttl_ms_max);

  const attempts = await world.changesNothing(async () => [
    await world.rival.claimTask(claimCall({ sessionId })),
    await world.rival.claimTask(claimCall()),
  ]);
  expect(attempts).toMatchObject([{ reason: 'no_task' }, { reason: 'no_task' }]);
  expect(await world.rival.staleRecovery()).toMatchObject({ recovered: [] });

  await world.rival.answerTask({ taskId: id, answer: 'that one' });
  expect(await world.rival.claimTask(claimCall())).toMatchObject({ ok: true, task: { id, answer: 'that one' } });
}

async function answered(world: World): Promise<void> {
  const first = await waiting(world, { sessionId: 'talk' });
  world.clock.advance(1_000);
  const second = await world.add({ sessionId: 'talk' });

  const reply = await world.rival.answerTask({ taskId: first.id, answer: 'that one', agent: OTHER_AGENT });
  const claim = await world.claim({ sessionId: 'talk' });

  expect(reply).toMatchObject({ ok: true, task: { id: first.id, status: 'queued', queuedAt: first.queuedAt } });
  expect(claim.task).toMatchObject({
    id: first.id,
    attempt: 1,
    question: 'which?',
    askedBy: AGENT,
    answer: 'that one',
    answeredBy: OTHER_AGENT,
  });
  expect(await world.task(second.id)).toMatchObject({ status: 'queued' });
  expect((await world.events({ taskId: first.id })).map(({ type, agent }) => [type, agent]).slice(2)).toEqual([
    ['task.asked', AGENT],
    ['task.answered', OTHER_AGENT],
    ['task.claimed', AGENT],
  ]);
}

async function freeForOthers(world: World): Promise<void> {
  const [first, second] = await world.addSession('talk', [{}, {}]);
  const claim = await world.claim({ sessionId: 'talk' });

  const released = await world.release(claim, { outcome: 'waiting', ask: ASK, claimNext: { agent: AGENT } });
  const alone = await world.claimNew();
  const last = await world.release(alone, { outcome: 'waiting', ask: ASK, claimNext: { agent: AGENT } });

  expect(claim.task.id).toBe(first?.id);
  expect(released).toMatchObject({ status: 'waiting', next: { task: { id: second?.id } } });
  expect(last).toMatchObject({ status: 'waiting', next: null });
}

async function answeredTwice(world: World): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const { id: taskId } = await waiting(world);

    const replies = await Promise.all([
      world.orchestrator.answerTask({ taskId, answer: 'left', agent: AGENT }),
      world.rival.answerTask({ taskId, answer: 'right', agent: OTHER_AGENT }),
    ]);

    const { answer, answeredBy } = await world.task(taskId);
    expect(replies.filter(({ ok }) => ok)).toMatchObject([{ task: { id: taskId, answer, answeredBy } }]);
    expect(replies.filter(({ ok }) => !ok)).toEqual([
      { ok: false, reason: 'answered', status: 'queued', answer, answeredBy },
    ]);
  }
}

async function answerAndCancel(world: World): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const { id: taskId } = await waiting(world);

    const [reply, cancelled] = await Promise.all([
      world.orchestrator.answerTask({ taskId, answer: 'left' }),
      world.rival.cancelTask({ taskId }),
    ]);

    expect(cancelled).toEqual({ ok: true, status: 'cancelled' });
    if (!reply.ok) expect(reply).toEqual({ ok: false, reason: 'no_question', status: 'cancelled' });
    const { answer } = await world.task(taskId);
    expect(answer).toBe(reply.ok ? 'left' : null);
  }
}

async function otherQuestion(world: World): Promise<void> {
  const { id: taskId, sessionId, askedAt } = await waiting(world);
  await world.rival.answerTask({ taskId, answer: 'that one', askedAt: askedAt ?? 0 });
  await world.release(await world.claim({ sessionId }), { outcome: 'waiting', ask: { question: 'and then?' } });
  const { askedAt: again } = await world.task(taskId);

  const late = await world.changesNothing(() =>
    world.rival.answerTask({ taskId, answer: 'too late', askedAt: askedAt ?? 0 }),
  );

  expect(again).toBeGreaterThan(askedAt ?? 0);
  expect(late).toEqual({ ok: false, reason: 'other_question', askedAt: again });
  expect(await world.rival.answerTask({ taskId, answer: 'this', askedAt: again ?? 0 })).toMatchObject({ ok: true });
}

async function nothingAsked(world: World): Promise<void> {
  const { id: taskId } = await world.add();

  const replies = await world.changesNothing(async () => [
    await world.rival.answerTask({ taskId, answer: 'yes' }),
    await world.rival.answerTask({ taskId: 'nowhere', answer: 'yes' }),
  ]);

  expect(replies).toEqual([
    { ok: false, reason: 'no_question', status: 'queued' },
    { ok: false, reason: 'not_found' },
  ]);
}

async function closing(world: World): Promise<void> {
  const asked = await waiting(world, { sessionId: 'talk' });
  await world.orchestrator.enqueueTasks([{ sessionId: 'talk' }, { sessionId: 'talk', delayMs: 60_000 }]);

  const refused = await world.changesNothing(() => world.rival.closeSession({ sessionId: 'talk' }));
  const closed = await world.rival.closeSession({ sessionId: 'talk', cancelTasks: true });

  expect(refused).toEqual({ ok: false, reason: 'not_empty', waiting: 3 });
  expect(closed).toMatchObject({ ok: true, cancelled: 3 });
  expect(await world.task(asked.id)).toMatchObject({ status: 'cancelled', question: 'which?', answer: null });
  expect(await world.rival.listQuestions()).toEqual({ items: [], next: null });
}

/** Given: questions, of which two are asked at one time. */
async function several(world: World): Promise<TaskRecord[]> {
  const asked: TaskRecord[] = [];
  for (const id of ['d', 'c', '𠮷', 'ｱ', 'a']) {
    asked.push(await waiting(world, { id, sessionId: `of ${id}` }));
    if (id !== '𠮷') world.clock.advance(1);
  }
  return asked;
}

async function listed(world: World): Promise<void> {
  await several(world);

  for (const limit of [1, 2, 5, 6]) {
    const all = await allPages((page) => world.rival.listQuestions(page), limit);
    expect(idsOf(all)).toEqual(['d', 'c', 'ｱ', '𠮷', 'a']);
  }
}

async function listedFor(world: World): Promise<void> {
  const of = async (to?: object) => (await waiting(world, {}, to && { to })).id;
  const [any, owner, boss] = [await of(), await of({ role: 'owner' }), await of({ role: 'boss' })];
  const mine = await of({ agent: OTHER_AGENT });

  const idsFor = async (filter: object) => idsOf((await world.rival.listQuestions(filter)).items).toSorted();

  expect(await idsFor({})).toEqual([any, owner, boss, mine].toSorted());
  expect(await idsFor({ agent: OTHER_AGENT })).toEqual([mine]);
  expect(await idsFor({ roles: ['owner', 'boss', 'tester'] })).toEqual([owner, boss].toSorted());
  expect(await idsFor({ agent: OTHER_AGENT, roles: ['owner'] })).toEqual([mine, owner].toSorted());
  expect(await idsFor({ agent: 'owner' })).toEqual([]);
}

async function pageAfterAnswered(world: World): Promise<void> {
  await several(world);
  const first = await world.rival.listQuestions({ limit: 2 });
  await world.rival.answerTask({ taskId: 'c', answer: 'that one' });

  const rest = await world.rival.listQuestions({ limit: 5, after: first.next ?? '' });

  expect(idsOf(first.items)).toEqual(['d', 'c']);
  expect({ ...rest, items: idsOf(rest.items) }).toEqual({ items: ['ｱ', '𠮷', 'a'], next: null });
}

async function inside(world: World): Promise<void> {
  const { id: taskId } = await waiting(world);

  expect(await world.rival.listQuestions({ namespace: 'elsewhere' })).toEqual({ items: [], next: null });
  expect(await world.rival.answerTask({ taskId, answer: 'yes', namespace: 'elsewhere' })).toMatchObject({
    reason: 'not_found',
  });
}

async function anyText(world: World): Promise<void> {
  for (const text of ['a\nb\r\n\t"\\', '한국어 질문?', '\u{1b}[31m', '𠮷'.repeat(LIMITS.text_characters_max / 2)]) {
    const { id: taskId, question } = await waiting(world, {}, { question: text });
    await world.rival.answerTask({ taskId, answer: text });

    expect(question).toBe(text);
    expect(await world.task(taskId)).toMatchObject({ question: text, answer: text });
  }
}

async function counted(world: World): Promise<void> {
  await waiting(world, { id: 'b' });
  await waiting(world, { id: 'a' });
  await world.add();

  expect((await world.rival.counts()).tasks).toMatchObject({ waiting: 2, queued: 1, running: 0 });
  expect((await world.rival.counts('default', 1)).tasks).toMatchObject({ waiting: 1, queued: 1 });
  expect((await world.rival.listTasks({ status: ['waiting'], limit: 1 })).items).toMatchObject([{ id: 'a' }]);
  expect((await world.rival.listTasks({ status: ['waiting', 'queued'] })).items).toHaveLength(3);
}
