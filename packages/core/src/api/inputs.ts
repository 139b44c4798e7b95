/**
 * Turns a call of the API into the input of its command: fills in the fields that a caller may leave out, and checks
 * all fields once. `Orchestrator` sends the result; `checkCall` only checks.
 */
import { z } from 'zod';
import {
  answerInput,
  cancelInput,
  checkpointInput,
  claimInput,
  closeInput,
  endAgentInput,
  enqueueInput,
  heartbeatInput,
  newTaskInput,
  recoverInput,
  registerAgentInput,
  releaseInput,
  releaseItem,
  retryInput,
  setAgentKeyInput,
  setAgentPolicyInput,
  type EnqueueInput,
  type ReleaseInput,
} from '../commands/index.ts';
import type { Evidence } from '../commands/evidence.ts';
import { invalidInput, OrchestratorError } from '../model/errors.ts';
import * as field from '../model/fields.ts';
import { parseInput } from '../model/fields.ts';
import { partCommandId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import type { ProcessIdentity } from '../model/lease.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import type { ValueOfKind } from './kinds.ts';

/** The values for fields that a call leaves out. */
export interface Fill {
  readonly namespace: string;
  /** Makes a UUIDv7. */
  readonly newCommandId: () => string;
  /** Makes 128 random bits in hex. */
  readonly newSeed: () => string;
  readonly process?: ProcessIdentity | undefined;
  /** Undefined: evidence of every machine is taken. null: of none. */
  readonly machine?: Machine | null | undefined;
}

/** A machine since one of its starts. */
export type Machine = Pick<ProcessIdentity, 'host' | 'boot'>;

/** The namespace that a call is sent to, and its command id. */
export interface Addressed {
  readonly namespace?: string | undefined;
  readonly commandId?: string | undefined;
}

/** The same, of calls that can be granted leases. With a command id, the seed must be given too. */
export interface Seeded extends Addressed {
  readonly seed?: string | undefined;
}

/** A call, checked and filled in. */
export interface Prepared<Input> {
  readonly input: Input;
  /** The values in it that the schemas of declared kinds check next. Made only where kinds are declared. */
  readonly values: () => readonly ValueOfKind[];
}

/**
 * The inputs of the commands, by the methods that send them. All checks of what a method takes are here. The arguments
 * of a method with two are one object here.
 */
export const INPUTS = {
  enqueueTask: (call: object, fill: Fill): Prepared<EnqueueInput> => {
    const { namespace, commandId, ...task } = field.asObject<Addressed>(call, 'task');
    const batch = parseInput(addressed, fillIn({ namespace, commandId }, fill));
    const tasks = [parseInput(newTaskInput, task)];
    return { input: { ...batch, tasks }, values: () => payloadsOf(tasks, () => 'payload') };
  },
  enqueueTasks: (call: object, fill: Fill): Prepared<EnqueueInput> => {
    const input = parseInput(enqueueInput, fillIn(call, fill));
    return { input, values: () => payloadsOf(input.tasks) };
  },
  claimTask: (call: object, fill: Fill) =>
    whole(seenHere(parseInput(claimInput, Object.assign(fillInClaim(call, fill), { limit: 1 })), fill)),
  claimTasks: (call: object, fill: Fill) => whole(seenHere(parseInput(claimInput, fillInClaim(call, fill)), fill)),
  heartbeat: (call: object, { namespace }: Fill) =>
    whole(parseInput(heartbeatInput, defined(field.asObject(call, 'call'), { namespace }))),
  checkpoint: (call: object, fill: Fill) => whole(parseInput(checkpointInput, fillIn(call, fill))),
  releaseTask: (call: object, fill: Fill): Prepared<ReleaseInput> => {
    const { namespace, commandId, seed, claimNext, kind, ...item } = field.asObject<ReleaseCall>(call, 'call');
    const header = parseInput(releaseHeader, fillInRelease({ namespace, commandId, seed, claimNext }, fill));
    const items = [parseInput(releaseItem, item)];
    return { input: { ...header, items }, values: () => resultsOf(items, [kind], () => 'result') };
  },
  releaseTasks: (call: object, fill: Fill): Prepared<ReleaseInput> => {
    const { items, ...batch } = field.asObject<{ readonly items?: unknown }>(call, 'call');
    const given = batchOf(items, 'items').map((item, at) => field.asObject<OfKind>(item as OfKind, `items[${at}]`));
    const withoutKinds = given.map(({ kind: _kind, ...item }) => item);
    const input = parseInput(releaseInput, fillInRelease({ ...batch, items: withoutKinds }, fill));
    const kinds = given.map(({ kind }) => kind);
    return { input, values: () => resultsOf(input.items, kinds) };
  },
  staleRecovery: (call: object, fill: Fill) => whole(seenHere(parseInput(recoverInput, fillIn(call, fill)), fill)),
  cancelTask: (call: object, fill: Fill) => whole(parseInput(cancelInput, fillIn(call, fill))),
  retryTask: (call: object, fill: Fill) => whole(parseInput(retryInput, fillIn(call, fill))),
  answerTask: (call: object, fill: Fill) => whole(parseInput(answerInput, fillIn(call, fill))),
  closeSession: (call: object, fill: Fill) => whole(parseInput(closeInput, fillIn(call, fill))),
  registerAgent: (call: object, fill: Fill) => whole(parseInput(registerAgentInput, fillIn(call, fill))),
  drainAgent: (call: object, fill: Fill) => whole(parseInput(endAgentInput, fillIn(call, fill))),
  retireAgent: (call: object, fill: Fill) => whole(parseInput(endAgentInput, fillIn(call, fill))),
  setAgentKey: (call: object, fill: Fill) => whole(parseInput(setAgentKeyInput, fillIn(call, fill))),
  setAgentPolicy: (call: object, fill: Fill) => whole(parseInput(setAgentPolicyInput, fillIn(call, fill))),
} as const;

/** Only a process of the same machine can have seen that a holder is dead: what others report is no evidence. */
function seenHere<Input extends { readonly evidence: readonly Evidence[] }>(input: Input, { machine }: Fill): Input {
  if (machine === undefined) return input;
  const isOwn = ({ host, boot }: Machine) => host === machine?.host && boot === machine.boot;
  return { ...input, evidence: input.evidence.filter(isOwn) };
}

/** The calls that change something. */
export type CallName = keyof typeof INPUTS;

interface OfKind {
  readonly kind?: string | undefined;
}

type ReleaseCall = Seeded & OfKind & { readonly claimNext?: unknown; readonly items?: unknown };

const addressed = z.lazy(() => z.strictObject({ namespace: field.name, commandId: field.commandId }));
const releaseHeader = z.lazy(() =>
  z.strictObject({
    namespace: field.name,
    commandId: field.commandId,
    seed: releaseInput.unwrap().shape.seed,
    claimNext: releaseInput.unwrap().shape.claimNext,
  }),
);

/** Any number of tasks, to be added by several commands. */
const newTasks = z.lazy(() => z.strictObject({ tasks: z.array(newTaskInput) }));

/**
 * Checks any number of new tasks without a store, so that several batches can be checked before the first is sent.
 *
 * @throws `INVALID_INPUT` or `LIMIT_EXCEEDED`, naming the first field at fault
 */
export function checkNewTasks(tasks: readonly unknown[]): void {
  parseTasks(tasks);
}

/** The tasks, checked and filled in. */
export function parseTasks(tasks: readonly unknown[]): EnqueueInput['tasks'] {
  return parseInput(newTasks, { tasks }).tasks;
}

/** Throws the error of a batch of one as that of the one: the field `tasks[0].sessionId` becomes `sessionId`. */
export function throwForOne(error: unknown): never {
  if (!(error instanceof OrchestratorError) || error.field === undefined) throw error;
  const [code, hint, cause] = [error.code, error.hint, error.cause];
  const [message, field] = [error.message, error.field].map((text) => text.replace(/^(?:tasks|items)\[0\]\./, ''));
  throw new OrchestratorError(code, message, { hint, cause, ...(field !== undefined && { field }) });
}

/** An input in which no value belongs to a kind, or all were checked before. */
export function whole<Input>(input: Input): Prepared<Input> {
  return { input, values: () => [] };
}

/** The command that decides refused items again, with an id that a retry of the call makes again. */
export function withoutNext({ claimNext: _next, seed: _seed, ...input }: ReleaseInput): ReleaseInput {
  return { ...input, commandId: partCommandId(input.commandId, 0) };
}

/** The payloads of new tasks. */
export function payloadsOf(
  tasks: EnqueueInput['tasks'],
  called = (at: number) => `tasks[${at}].payload`,
): readonly ValueOfKind[] {
  return tasks.map((task, at) => ({
    kind: task.kind,
    part: 'payload',
    field: called(at),
    value: task.payload,
    replace: (checked) => {
      task.payload = checked;
    },
  }));
}

/** The results of tasks that succeeded, where the caller names the kind. */
function resultsOf(
  items: ReleaseInput['items'],
  kinds: readonly (string | undefined)[],
  called = (at: number) => `items[${at}].result`,
): readonly ValueOfKind[] {
  return items.flatMap((item, at) => {
    const kind = kinds[at];
    if (kind === undefined || item.outcome !== 'succeeded') return [];
    const replace = (checked: Json): void => {
      item.result = checked;
    };
    return { kind, part: 'result', field: called(at), value: item.result ?? null, replace } as const;
  });
}

/** The items of a batch. Their number is looked at before any of them is. */
function batchOf(items: unknown, called: string): readonly unknown[] {
  if (!Array.isArray(items)) throw invalidInput(called, 'must be an array');
  if (items.length > LIMITS.batch_max)
    throw invalidInput(called, `is larger than its limit of ${LIMITS.batch_max}`, 'LIMIT_EXCEEDED');
  return items;
}

/** The values that are filled in where a call is only checked. */
const FILL_FOR_CHECKS: Fill = {
  namespace: DEFAULTS.namespace,
  newCommandId: () => '00000000-0000-7000-8000-000000000000',
  newSeed: () => '0'.repeat(32),
};

/**
 * Checks a call without a store: throws what the method of this name would throw for malformed input. It does not know
 * the schemas of kinds: `Orchestrator.check` checks those as well.
 *
 * @throws `INVALID_INPUT` or `LIMIT_EXCEEDED`, naming the first field at fault
 */
export function checkCall(name: CallName, call: object, fill: Partial<Fill> = {}): void {
  prepareCall(name, call, { ...FILL_FOR_CHECKS, ...fill });
}

/** What the method of this name sends, whichever it is. */
export function prepareCall(name: CallName, call: object, fill: Fill): Prepared<object> {
  if (!Object.hasOwn(INPUTS, name))
    throw invalidInput('name', `is ${name}, which is not one of the calls: ${Object.keys(INPUTS).join(', ')}`);
  return INPUTS[name](call, fill);
}

/** @param further what else is filled in */
function fillIn<Call extends Addressed>(call: Call, { namespace, newCommandId }: Fill, further: object = {}) {
  const filled = { namespace, commandId: undefined as string | undefined, ...further };
  const input = defined(field.asObject(call, 'call'), filled);
  if (input.commandId === undefined) input.commandId = newCommandId();
  return input;
}

function fillInClaim<Call extends Seeded>(call: Call, fill: Fill) {
  return Object.assign(fillIn(call, fill, { process: fill.process }), { seed: seedOf(call, fill) });
}

/** A caller with a command id may send the call again. With another seed, it would be another request then. */
function seedOf({ seed, commandId }: Seeded, { newSeed }: Fill): string {
  if (seed !== undefined) return seed;
  if (commandId === undefined) return newSeed();
  throw invalidInput('seed', 'must be given with a commandId where a lease may be granted, the same in a retry');
}

/** Only a release with `claimNext` has a seed: without it, the same release is the same request whatever the seed. */
function fillInRelease<Call extends ReleaseCall>(call: Call, fill: Fill) {
  const { seed: _seed, ...given } = fillIn(call, fill);
  return given.claimNext === undefined ? given : { ...given, seed: seedOf(call, fill) };
}

/**
 * The fields that are given, above those that are filled in. A field that is undefined counts as left out. One called
 * `__proto__` is a field as all others, and its schema refuses it: assigned, it would be where other fields come from.
 */
function defined<Call extends object, Filled extends object>(call: Call, filled: Filled): Filled & Call {
  const input: Record<string, unknown> = {};
  Object.assign(input, filled);
  for (const [name, value] of Object.entries(call)) {
    if (value === undefined) continue;
    if (name === '__proto__') Object.defineProperty(input, name, { value, enumerable: true });
    else input[name] = value;
  }
  return input as Filled & Call;
}
