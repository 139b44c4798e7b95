import { DEPENDENCY_POLICIES } from '@agent-orchestrator/core';
import * as fc from 'fast-check';
import type { ClaimCall, TaskCall } from '../factories.ts';
import type { CommandStep, TaskEnd, Holder, Met, Sender, Step, TimeStep } from './step.ts';

const is = <Name extends string>(name: Name) => fc.constant(name);
/** Every other time: `freq` says how rare the nil is, and 1 would be always. */
const sometimes = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const mostly = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 4 });
const rarely = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const met: fc.Arbitrary<Met> = fc.nat({ max: 11 });
const lease: fc.Arbitrary<Holder> = fc.record({ met, knowsSecret: fc.nat({ max: 9 }).map((n) => n > 0) });
const peer = fc.boolean();
const namespace = fc.constantFrom('default', 'default', 'default', 'other');
const agent = fc.constantFrom('company-agent', 'home-agent');
const kind = fc.constantFrom('build', 'review');
const role = fc.constantFrom('builder', 'reviewer');
const instance = fc.constantFrom('run-1', 'run-2');
const pid = fc.constantFrom(1, 1, 2);

const addressee = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: agent.map((assignee) => ({ assignee })) },
  { weight: 1, arbitrary: role.map((role) => ({ role })) },
);

const task: fc.Arbitrary<TaskCall> = fc
  .tuple(
    fc.record({
      // The last two are in another order by UTF-16 unit than by code point.
      sessionId: sometimes(fc.constantFrom('branch-a', 'branch b;%', '회사-대화', 'ｱ', '𠮷')),
      kind,
      priority: fc.nat({ max: 2 }),
      delayMs: fc.constantFrom(0, 0, 0, 1, 5_000, 90_000),
      dedupe: rarely(fc.record({ key: fc.constantFrom('key-1', 'key-2'), while: fc.constantFrom('open', 'kept') })),
      attemptsMax: fc.integer({ min: 1, max: 3 }),
      interruptionsMax: fc.nat({ max: 2 }),
      backoffMs: fc.constantFrom(0, 1, 5_000),
      review: rarely(fc.record({ role: fc.constant('reviewer'), approvals: fc.integer({ min: 1, max: 2 }) })),
      payload: fc.jsonValue({ maxDepth: 1 }),
    }),
    addressee,
  )
  .map(([fields, addressee]): TaskCall => ({ ...fields, payload: fields.payload as string, ...addressee }));

const claimCall: fc.Arbitrary<ClaimCall> = fc.record({
  agent,
  instance: sometimes(instance),
  roles: fc.subarray(['builder', 'reviewer']),
  kinds: sometimes(fc.subarray(['build', 'review'], { minLength: 1 })),
  ttlMs: fc.constantFrom(1_000, 10_000, 60_000),
  staleAfterMs: fc.constantFrom(1_000, 10_000, 120_000),
  resume: fc.boolean(),
  process: mostly(pid.map((number) => ({ host: 'machine-1', boot: 'boot-1', pid: number, start: String(number) }))),
});

const next = fc.record({
  agent,
  roles: fc.subarray(['builder', 'reviewer']),
  ttlMs: fc.constantFrom(1_000, 60_000),
});

const taskEnd: fc.Arbitrary<TaskEnd> = fc.record({
  lease,
  // What is handed off for a time goes back only if the walk then lets time pass, and claims.
  outcome: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('succeeded', 'failed', 'failed', 'released', 'cancelled') },
    { weight: 4, arbitrary: is('handed_off') },
    { weight: 2, arbitrary: is('waiting') },
  ),
  final: fc.boolean(),
  to: agent,
  byMs: mostly(fc.constantFrom(1, 999, 5_000, 60_000)),
  on: sometimes(fc.array(met, { minLength: 1, maxLength: 2 })),
  policy: fc.constantFrom(...DEPENDENCY_POLICIES),
});

const command: fc.Arbitrary<CommandStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      is: is('enqueue'),
      peer,
      namespace,
      tasks: fc.array(task, { minLength: 1, maxLength: 3 }),
      after: sometimes(fc.array(met, { minLength: 1, maxLength: 3 })),
      policy: fc.constantFrom(...DEPENDENCY_POLICIES),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      is: is('claim'),
      peer,
      namespace,
      call: claimCall,
      session: sometimes(met),
      limit: fc.integer({ min: 1, max: 3 }),
      evidence: rarely(met),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: is('heartbeat'),
      peer,
      lease,
      instance: rarely(instance),
      progress: fc.nat({ max: 9 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: is('checkpoint'),
      peer,
      lease,
      turn: rarely(fc.nat({ max: 4 })),
      data: fc.nat({ max: 9 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ is: is('release'), peer, end: taskEnd, next: sometimes(next) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      is: is('release_batch'),
      peer,
      ends: fc.array(taskEnd, { minLength: 1, maxLength: 4 }),
      next: sometimes(fc.tuple(next, fc.integer({ min: 1, max: 3 })).map(([terms, limit]) => ({ ...terms, limit }))),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: is('recover'),
      peer,
      namespace,
      limit: fc.integer({ min: 1, max: 3 }),
      evidence: rarely(met),
    }),
  },
  { weight: 2, arbitrary: fc.record({ is: is('cancel'), peer, task: met }) },
  { weight: 2, arbitrary: fc.record({ is: is('retry'), peer, task: met }) },
  {
    weight: 3,
    arbitrary: fc.record({ is: is('answer'), peer, task: met, agent: sometimes(agent), guarded: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ is: is('close'), peer, session: met, cancelTasks: fc.boolean() }) },
  // An agent is registered more often than it is stopped: a walk in which none may claim tells little.
  {
    weight: 2,
    arbitrary: fc.record({
      is: is('register'),
      peer,
      namespace,
      agent,
      roles: sometimes(fc.subarray(['builder', 'reviewer'])),
      human: rarely(fc.boolean()),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constantFrom('drain', 'retire'), peer, namespace, agent }) },
  {
    weight: 1,
    arbitrary: fc.record({
      is: is('policy'),
      peer,
      namespace,
      agents: fc.constantFrom('any', 'any', 'registered_only'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ is: is('resend'), peer, sent: met }) },
  { weight: 1, arbitrary: fc.record({ is: is('reuse'), peer, sent: met }) },
);

/**
 * Where commands share a turn, no task depends on another: what is due then is done between the commands, and in which
 * order is not promised. And a round has one review: of several, a claim leaves those that it may not have as well, and
 * which other commands of its turn find them is not promised either.
 */
const lone = command.map((step): CommandStep => {
  if (step.is === 'enqueue') return { ...step, after: undefined, tasks: step.tasks.map(withOneReview) };
  if (step.is === 'release') return { ...step, end: { ...step.end, on: undefined } };
  return step.is === 'release_batch' ? { ...step, ends: step.ends.map((end) => ({ ...end, on: undefined })) } : step;
});

function withOneReview(task: TaskCall): TaskCall {
  return task.review === undefined ? task : { ...task, review: { ...task.review, approvals: 1 } };
}

const passed = fc.constantFrom(1, 999, 1_000, 5_000, 10_000, 60_000, 120_000, 3_600_000);

const advance: fc.Arbitrary<TimeStep> = fc.record({ is: is('advance'), ms: passed });

/** By so much the clock is set. Rarely it stands at 1970 then, as after a start without a battery. */
const SET_BY_MS = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(-7_200_000, -60_000, -3_000, -1_500, 1_500, 3_000, 7_200_000) },
  { weight: 1, arbitrary: fc.constant(-Number.MAX_SAFE_INTEGER) },
);

const jump: fc.Arbitrary<TimeStep> = fc.oneof(
  fc.record({ is: is('set_wall'), ms: SET_BY_MS }),
  fc.record({ is: is('sleep'), ms: passed }),
  fc.record({ is: is('reboot'), ms: passed }),
);

/** Commands of one turn go over one connection: between two, the order is not ours to tell. */
const together: fc.Arbitrary<Step> = fc
  .tuple(peer, fc.array(lone, { minLength: 2, maxLength: 4 }))
  .map(([peer, commands]) => ({
    is: 'together',
    commands: commands.map((one) => ({ ...withNamedRoles(one), peer })),
  }));

const named = <Call extends { readonly roles?: readonly string[] | undefined }>(call: Call) => ({
  ...call,
  roles: call.roles?.length ? [...call.roles] : ['builder'],
});

/**
 * A claim that names no role is sent again, after the others of its turn, where the registry gives other roles than
 * were known: which claims are is not ours to tell.
 */
function withNamedRoles(step: CommandStep): CommandStep {
  if (step.is === 'claim') return { ...step, call: named(step.call) };
  if (step.is === 'release' && step.next !== undefined) return { ...step, next: named(step.next) };
  if (step.is === 'release_batch' && step.next !== undefined) return { ...step, next: named(step.next) };
  return step;
}

/** Walks of commands one by one, on a machine whose clocks may jump. */
export const WALKS_WITH_JUMPS: fc.Arbitrary<readonly Step[]> = walksOf(
  fc.oneof({ weight: 10, arbitrary: command }, { weight: 3, arbitrary: advance }, { weight: 1, arbitrary: jump }),
);

const sender: fc.Arbitrary<Sender> = fc.record({
  clock: fc.constantFrom('right', 'right', 'ahead', 'behind'),
  started: fc.nat({ max: 4 }).map((n) => n === 0),
});

/** The same, sent by processes that watch their clocks. Some of them have another clock than the machine. */
export const WALKS_WITH_OTHER_CLOCKS: fc.Arbitrary<readonly Step[]> = walksOf(
  fc.oneof(
    { weight: 10, arbitrary: fc.tuple(command, sender).map(([one, by]): CommandStep => ({ ...one, sender: by })) },
    { weight: 3, arbitrary: advance },
    { weight: 1, arbitrary: jump },
  ),
);

/** Walks in which several commands are sent in one turn. */
export const WALKS_IN_GROUPS: fc.Arbitrary<readonly Step[]> = walksOf(
  fc.oneof({ weight: 6, arbitrary: lone }, { weight: 3, arbitrary: together }, { weight: 2, arbitrary: advance }),
);

function walksOf(step: fc.Arbitrary<Step>): fc.Arbitrary<readonly Step[]> {
  return fc.array(step, { minLength: 1, maxLength: 60, size: 'max' });
}
