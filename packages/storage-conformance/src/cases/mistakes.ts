import { LIMITS, type ErrorCode, type Orchestrator } from '@agent-orchestrator/core';
import { AGENT, claimCall, commandIdAt, inventedToken } from '../factories.ts';
import type { World } from '../world.ts';

/** What is sent, the field that the error must name, and its code. */
export interface Mistake {
  readonly send: (world: World, holder: { token: string }) => Promise<unknown>;
  readonly field: string;
  readonly code?: ErrorCode;
}

type Overrides = Readonly<Record<string, unknown>>;

const task = (overrides: Overrides, field: string, code?: ErrorCode): Mistake => ({
  send: ({ orchestrator }) => orchestrator.enqueueTask(overrides),
  field,
  ...(code && { code }),
});

const claim = (overrides: Overrides, field: string, code?: ErrorCode): Mistake => ({
  send: ({ orchestrator }) => orchestrator.claimTasks(claimCall(overrides)),
  field,
  ...(code && { code }),
});

type HolderMethod = 'heartbeat' | 'checkpoint' | 'releaseTask';

const holder = (method: HolderMethod, overrides: Overrides, field: string, code?: ErrorCode): Mistake => ({
  send: ({ orchestrator }, lease) =>
    (orchestrator[method] as (call: unknown) => Promise<unknown>).call(orchestrator, { ...lease, ...overrides }),
  field,
  ...(code && { code }),
});

const call = (method: keyof Orchestrator, argument: unknown, field: string, code?: ErrorCode): Mistake => ({
  send: ({ orchestrator }) =>
    (orchestrator[method] as (argument: unknown) => Promise<unknown>).call(orchestrator, argument),
  field,
  ...(code && { code }),
});

const COMMAND_ID = commandIdAt(Date.UTC(2026, 0, 1), 1);
const LIMIT = 'LIMIT_EXCEEDED';
const long = (length: number) => 'x'.repeat(length + 1);
const tooLongId = long(LIMITS.id_characters_max);
const tooLongText = long(LIMITS.text_characters_max);
const many = <T>(length: number, item: T): T[] => Array.from({ length: length + 1 }, () => item);
const evidence = { sessionId: 's', fence: 1, host: 'h', boot: 'b', pid: 1, processStart: '1' };

const succeeds = { token: inventedToken(1), outcome: 'succeeded' };

function nested(levels: number): unknown {
  return levels === 0 ? [] : [nested(levels - 1)];
}

/** By command, and by what is wrong. */
export const MISTAKES = {
  enqueue: {
    'a payload that is too large': task({ payload: long(LIMITS.payload_bytes_max) }, 'payload', LIMIT),
    'a payload too large in bytes, though not in characters': task(
      { payload: 'ü'.repeat(LIMITS.payload_bytes_max / 2) },
      'payload',
      LIMIT,
    ),
    'a payload nested too deep': task(
      { payload: nested(LIMITS.json_depth_max) },
      `payload${'[0]'.repeat(LIMITS.json_depth_max)}`,
      LIMIT,
    ),
    'a payload with a number that is not finite': task({ payload: { n: [Number.NaN] } }, 'payload.n[0]'),
    'a payload with U+0000': task({ payload: { text: 'a\u0000b' } }, 'payload.text'),
    'a payload with U+0000 in a key': task({ payload: { 'a\u0000b': 1 } }, 'payload'),
    'a payload with half a surrogate pair': task({ payload: ['\ud800'] }, 'payload[0]'),
    'a payload that is no JSON: a date': task({ payload: new Date(0) }, 'payload'),
    'a payload that is no JSON: a bigint': task({ payload: { n: 1n } }, 'payload.n'),
    'a title that is too long': task({ title: long(LIMITS.title_characters_max) }, 'title', LIMIT),
    'an empty title': task({ title: '' }, 'title'),
    'a title with U+0000': task({ title: 'a\u0000b' }, 'title'),
    'a task id that is too long': task({ id: tooLongId }, 'id', LIMIT),
    'a task id with a space at its end': task({ id: 'a ' }, 'id'),
    'a task id with a line separator': task({ id: 'a\u2028b' }, 'id'),
    'an empty task id': task({ id: '' }, 'id'),
    'a session id with a newline': task({ sessionId: 'a\nb' }, 'sessionId'),
    'a kind with a slash': task({ kind: 'a/b' }, 'kind'),
    'a namespace with a colon': task({ namespace: 'a:b' }, 'namespace'),
    'a dedupe key that is too long': task({ dedupeKey: tooLongId }, 'dedupeKey', LIMIT),
    'a priority below zero': task({ priority: -1 }, 'priority'),
    'a priority that is too large': task({ priority: LIMITS.priority_max + 1 }, 'priority', LIMIT),
    'a priority that is no integer': task({ priority: 1.5 }, 'priority'),
    'a delay below zero': task({ delayMs: -1 }, 'delayMs'),
    'a delay that is too long': task({ delayMs: LIMITS.delay_ms_max + 1 }, 'delayMs', LIMIT),
    'no attempt at all': task({ attemptsMax: 0 }, 'attemptsMax'),
    'too many attempts': task({ attemptsMax: LIMITS.attempts_max + 1 }, 'attemptsMax', LIMIT),
    'too many interruptions': task({ interruptionsMax: LIMITS.interruptions_max + 1 }, 'interruptionsMax', LIMIT),
    'a pause that is too long': task({ backoffMs: LIMITS.backoff_ms_max + 1 }, 'backoffMs', LIMIT),
    'an agent and a role for one task': task({ assignee: 'a', role: 'b' }, 'assignee'),
    'an author that is no name': task({ author: 'two words' }, 'author'),
    'a reviewer that is too long': task({ reviewer: tooLongId }, 'reviewer', LIMIT),
    'a source that is too long': task({ source: tooLongText }, 'source', LIMIT),
    'a field that does not exist': task({ prority: 1 }, 'prority'),
    'a command id that is no UUID': task({ commandId: 'again' }, 'commandId'),
    'a command id that is a UUID without a time': task(
      { commandId: '9b2f8a5e-3f4d-4c1b-8a7e-0f1e2d3c4b5a' },
      'commandId',
    ),
    'no task in a batch': call('enqueueTasks', [], 'tasks'),
    'too many tasks in a batch': call('enqueueTasks', many(LIMITS.batch_max, {}), 'tasks', LIMIT),
    'one bad task in a batch': call('enqueueTasks', [{}, {}, { priority: -1 }], 'tasks[2].priority'),
  },
  claim: {
    'a claim without an agent': claim({ agent: undefined }, 'agent'),
    'an agent with a space': claim({ agent: 'a b' }, 'agent'),
    'an instance that is too long': claim({ instance: tooLongId }, 'instance', LIMIT),
    'a TTL that is too short': claim({ ttlMs: LIMITS.ttl_ms_min - 1 }, 'ttlMs'),
    'a TTL that is too long': claim({ ttlMs: LIMITS.ttl_ms_max + 1 }, 'ttlMs', LIMIT),
    'a TTL that is no integer': claim({ ttlMs: 1_000.5 }, 'ttlMs'),
    'a silence that is too short': claim({ staleAfterMs: LIMITS.stale_after_ms_min - 1 }, 'staleAfterMs'),
    'a silence that is too long': claim({ staleAfterMs: LIMITS.stale_after_ms_max + 1 }, 'staleAfterMs', LIMIT),
    'no kind in the kinds': claim({ kinds: [] }, 'kinds'),
    'too many kinds': claim({ kinds: many(LIMITS.filter_max, 'k') }, 'kinds', LIMIT),
    'too many roles': claim({ roles: many(LIMITS.filter_max, 'r') }, 'roles', LIMIT),
    'a seed that is too short': claim({ seed: '5eed' }, 'seed'),
    'a command id without the seed that a retry needs': claim({ commandId: COMMAND_ID }, 'seed'),
    'a claim of none': claim({ limit: 0 }, 'limit'),
    'a claim of too many': claim({ limit: LIMITS.batch_max + 1 }, 'limit', LIMIT),
    'too much evidence': claim({ evidence: many(LIMITS.batch_max, evidence) }, 'evidence', LIMIT),
    'a process without a number': claim({ process: { host: 'h', boot: 'b', pid: 0, start: '1' } }, 'process.pid'),
  },
  holder: {
    'a token that is a number': holder('heartbeat', { token: 1 }, 'token'),
    'a token without its secret': holder('heartbeat', { token: '1' }, 'token'),
    'a token whose fence is not positive': holder('heartbeat', { token: inventedToken(0) }, 'token'),
    'a token whose secret is too short': holder('checkpoint', { token: inventedToken(1).slice(0, -1) }, 'token'),
    'a token in capital letters': holder(
      'releaseTask',
      { token: inventedToken(1).toUpperCase(), outcome: 'succeeded' },
      'token',
    ),
    'a holder that names its session': holder('heartbeat', { sessionId: 's' }, 'sessionId'),
    'a holder that names its fence': holder('checkpoint', { fence: 1 }, 'fence'),
    'a heartbeat with a command id': holder('heartbeat', { commandId: 'x' }, 'commandId'),
    'progress that is too large': holder('heartbeat', { progress: long(LIMITS.progress_bytes_max) }, 'progress', LIMIT),
    'a turn below zero': holder('checkpoint', { turn: -1 }, 'turn'),
    'a context that is too large': holder('checkpoint', { data: long(LIMITS.context_bytes_max) }, 'data', LIMIT),
    'a context too large only with all its fields': holder(
      'checkpoint',
      { data: 'x'.repeat(LIMITS.context_bytes_max - 1_000), nextAction: 'x'.repeat(1_000) },
      'data',
      LIMIT,
    ),
    'an action that is too long': holder('checkpoint', { lastAction: tooLongText }, 'lastAction', LIMIT),
    'an unknown outcome': holder('releaseTask', { outcome: 'done' }, 'outcome'),
    'a result that is too large': holder(
      'releaseTask',
      { outcome: 'succeeded', result: long(LIMITS.result_bytes_max) },
      'result',
      LIMIT,
    ),
    'a result of a failure': holder('releaseTask', { outcome: 'failed', result: 1 }, 'result'),
    'an error of a success': holder('releaseTask', { outcome: 'succeeded', error: { message: 'no' } }, 'error'),
    'an error that is too large': holder(
      'releaseTask',
      { outcome: 'failed', error: { message: 'no', data: long(LIMITS.error_bytes_max) } },
      'error.data',
      LIMIT,
    ),
    'a hand-off without a recipient': holder('releaseTask', { outcome: 'handed_off' }, 'to'),
    'a recipient without a hand-off': holder('releaseTask', { outcome: 'released', to: { agent: AGENT } }, 'to'),
    'waiting for nothing': holder('releaseTask', { outcome: 'waiting' }, 'ask'),
    'a question that asks nothing': holder(
      'releaseTask',
      { outcome: 'waiting', ask: { question: '' } },
      'ask.question',
    ),
    'a question that is too long': holder(
      'releaseTask',
      { outcome: 'waiting', ask: { question: tooLongText } },
      'ask.question',
      LIMIT,
    ),
    'a question of a success': holder('releaseTask', { outcome: 'succeeded', ask: { question: 'which?' } }, 'ask'),
    'a final success': holder('releaseTask', { outcome: 'succeeded', final: true }, 'final'),
    'a note on a success': holder('releaseTask', { outcome: 'succeeded', note: 'n' }, 'note'),
    'a note that is too long': holder('releaseTask', { outcome: 'released', note: tooLongText }, 'note', LIMIT),
    'a next claim without an agent': holder('releaseTask', { outcome: 'succeeded', claimNext: {} }, 'claimNext.agent'),
    'a next claim with a command id and without a seed': holder(
      'releaseTask',
      { outcome: 'succeeded', claimNext: { agent: AGENT }, commandId: COMMAND_ID },
      'seed',
    ),
    'too many releases': call('releaseTasks', many(LIMITS.batch_max, succeeds), 'items', LIMIT),
    'releases that are no array': call('releaseTasks', {}, 'items'),
    'a release that is no object': call('releaseTasks', [succeeds, null], 'items[1]'),
    'one bad release in a batch': call('releaseTasks', [succeeds, { ...succeeds, token: '2' }], 'items[1].token'),
    'the same token twice in a batch': call('releaseTasks', [succeeds, { ...succeeds }], 'items[1].token'),
    'a heartbeat that is no object': call('heartbeat', null, 'call'),
    'a checkpoint that is no object': call('checkpoint', null, 'call'),
  },
  repair: {
    'a recovery that is no object': call('staleRecovery', null, 'call'),
    'a recovery of none': call('staleRecovery', { limit: 0 }, 'limit'),
    'a recovery of too many': call('staleRecovery', { limit: LIMITS.batch_max + 1 }, 'limit', LIMIT),
    'evidence without a process': call('staleRecovery', { evidence: [{ ...evidence, pid: -1 }] }, 'evidence[0].pid'),
    'a cancellation of no task': call('cancelTask', {}, 'taskId'),
    'a retry of a malformed task id': call('retryTask', { taskId: ' ' }, 'taskId'),
    'an answer that says nothing': call('answerTask', { taskId: 'a', answer: '' }, 'answer'),
    'an answer that is too long': call('answerTask', { taskId: 'a', answer: tooLongText }, 'answer', LIMIT),
    'a close of a malformed session id': call('closeSession', { sessionId: '' }, 'sessionId'),
  },
  registry: {
    'a registration that is no object': call('registerAgent', null, 'call'),
    'a registration of a malformed name': call('registerAgent', { agent: '*' }, 'agent'),
    'a role with a space': call('registerAgent', { agent: AGENT, roles: ['a b'] }, 'roles[0]'),
    'too many roles of an agent': call(
      'registerAgent',
      { agent: AGENT, roles: many(LIMITS.filter_max, 'r') },
      'roles',
      LIMIT,
    ),
    'a machine that is too long': call('registerAgent', { agent: AGENT, machine: tooLongId }, 'machine', LIMIT),
    'a person that is neither true nor false': call('registerAgent', { agent: AGENT, human: 1 }, 'human'),
    'a drain of no agent': call('drainAgent', {}, 'agent'),
    'a malformed name to be retired': call('retireAgent', { agent: '' }, 'agent'),
    'an unknown policy': call('setAgentPolicy', { agents: 'none' }, 'agents'),
    'an agent that is asked for by a malformed name': call('getAgent', 'a b', 'agent'),
    'a status that no agent has': call('listAgents', { status: ['idle'] }, 'status[0]'),
    'a malformed role in a list of agents': call('listAgents', { role: 'a b' }, 'role'),
  },
  reads: {
    'a filter that is no object': call('listTasks', null, 'filter'),
    'a page of none': call('listTasks', { limit: 0 }, 'limit'),
    'a page that is too large': call('listEvents', { limit: LIMITS.page_max + 1 }, 'limit', LIMIT),
    'a cursor of tasks that is no task': call('listTasks', { after: 'x' }, 'after'),
    'a cursor of sessions that is no session': call('listSessions', { after: 'x' }, 'after'),
    'an empty cursor': call('listTasks', { after: '' }, 'after'),
    'a cursor of events that is no number': call('listEvents', { after: 'x' }, 'after'),
    'an unknown status': call('listTasks', { status: ['done'] }, 'status[0]'),
    'an unknown event type': call('listEvents', { types: ['task.done'] }, 'types[0]'),
    'a cursor of questions that is none': call('listQuestions', { after: 'x' }, 'after'),
    'a malformed id to look up': call('getTask', 'a\u0000', 'id'),
    'a bound of events that is no number': call('listEvents', { upTo: '7' }, 'upTo'),
  },
} satisfies Record<string, Readonly<Record<string, Mistake>>>;
