/**
 * Executes a command on the rows that were loaded for it, and returns the rows to save. This file has the rules of all
 * commands: receipts, the age of command ids, the clocks. The rules of one command are in its own file, the effect of
 * an event is in `log/evolve.ts`.
 */
import { rolesToKnow } from './admission.ts';
import { WorkingSet } from './working-set.ts';
import { canonicalize } from '../log/canonical.ts';
import { sha256 } from '../model/sha256.ts';
import { clockState, fencesTakenAt, type ClockJump, type ClockState } from '../model/clock.ts';
import { mustBeStored, observeClock } from '../model/clock-authority.ts';
import type { Command, CommandInput, Decision, Known, Needs } from './command.ts';
import { dependencyChanges, endedDependencies } from './dependency-rows.ts';
import { internalError, OrchestratorError } from '../model/errors.ts';
import { forgottenUntil } from '../model/forgotten-receipts.ts';
import { timeOfUuid } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import { storedReplyOf, ReceiptRows, receiptText, type Accepted, type ReceiptReply } from './receipt-reply.ts';
import type { Receipt } from '../model/receipt.ts';
import type { WriteSet } from '../storage/write-set.ts';
import type { Loaded } from '../storage/loaded.ts';
import type { SessionKey } from '../storage/scope.ts';

/**
 * The answer of a command; or a clock jump that must be processed before the command can be decided; or that something
 * is due, which `settle` does before; or the rows that have to be loaded besides; or the error to throw. The storage
 * saves what goes with any of them.
 */
export type Outcome<Reply> =
  | { readonly kind: 'reply'; readonly reply: Reply; readonly replayed: boolean; readonly leavesDue?: boolean }
  | { readonly kind: 'refused'; readonly error: OrchestratorError }
  | { readonly kind: 'clock_jump'; readonly after: SessionKey | null }
  | { readonly kind: 'due' }
  | { readonly kind: 'needs'; readonly needs: Needs }
  /** The claimant has other roles than those that the scope was made of: the command is to be sent again with these. */
  | { readonly kind: 'again'; readonly registered: readonly string[] };

/**
 * The hash of a request: of the command's name, and of its input without the command id and its `notIdentity` fields.
 */
export function requestHash<Input extends CommandInput, Reply>(
  { name, notIdentity = [] }: Command<Input, Reply>,
  input: Input,
): string {
  const request: { [field: string]: Json | undefined } = { ...(input as object), commandId: undefined };
  for (const field of notIdentity) request[field] = undefined;
  return sha256(canonicalize([name, request]));
}

/**
 * Executes one command on the rows that were loaded for it. Pure: a storage may call it again.
 *
 * @param known what was found out by executing it before: the scope was made of it
 * @throws `COMMAND_ID_REUSED`, and the errors of the command for input that is wrong for this state
 */
export function execute<Input extends CommandInput, Reply>(
  command: Command<Input, Reply>,
  input: Input,
  hash: string,
  loaded: Loaded,
  { registered = [], isSettled = false }: Known = {},
): WriteSet<Outcome<Reply>> {
  const { commandId } = input;
  if (loaded.receipt !== null)
    return unchanged(answerAgain(command, input, { hash, loaded, receipt: loaded.receipt }), null);

  const observed = observeClock(loaded.clock, loaded.clock.reading);
  const clock = observed ?? loaded.clock;
  const error = commandId === undefined ? null : expiryOf(commandId, loaded, clock);
  if (error !== null) return unchanged({ kind: 'refused', error }, mustBeStored(loaded.clock, clock) ? observed : null);
  if (clock.jump !== null && mustWaitFor(clock.jump, command))
    return unchanged({ kind: 'clock_jump', after: clock.jump.after }, observed);
  if (command.settles === true && loaded.isDue && !isSettled)
    return unchanged({ kind: 'due' }, mustBeStored(loaded.clock, clock) ? observed : null);

  const roles = rolesToKnow(command.claimant?.(input) ?? null, loaded.agents, registered);
  if (roles !== null) return unchanged({ kind: 'again', registered: roles }, null);

  const decision = command.decide(input, {
    ...loaded,
    clock: observed === null ? loaded.clock : { ...observed, reading: loaded.clock.reading },
    greatestFence: Math.max(loaded.greatestFence, fencesTakenAt(loaded.now * 1_000, clock)),
  });
  if (decision.needs !== undefined) return unchanged({ kind: 'needs', needs: decision.needs }, observed);
  assertDeclared(command, decision);
  const rows = new WorkingSet(loaded, input.namespace, commandId);
  rows.apply(decision);
  const reply = decision.reply(rows.after);
  const { sessions, tasks, agents, events } = rows;
  const dependencies = dependencyChanges(decision.events, input.namespace, rows.after);
  const ended = endedDependencies(tasks, events, loaded, dependencies);
  const receipt =
    command.receipt !== null && commandId !== undefined && events.length > 0 && isAccepted(reply)
      ? receiptFor(input.namespace, commandId, hash, command.receipt.store(reply), loaded.now)
      : null;
  const clockToSave = clockAfter(decision, { before: loaded.clock, observed }, sessions.length + agents.length > 0);
  return {
    reply: { kind: 'reply', reply, replayed: false, ...(ended.length > 0 && { leavesDue: true }) },
    sessions,
    tasks,
    agents,
    events,
    receipt,
    forgetReceiptsAt: Math.min(forgottenUntil(clockToSave ?? loaded.clock), loaded.now - LIMITS.receipt_kept_ms),
    clock: clockToSave,
    // What most commands leave out comes last: a property after a spread is set by the runtime.
    ...(dependencies.length > 0 && { dependencies }),
    ...(ended.length > 0 && { endedDependencies: ended }),
    ...(decision.settledEnds !== undefined && decision.settledEnds.length > 0 && { settledEnds: decision.settledEnds }),
  };
}

/**
 * Whether a jump is processed before the command is decided. If the store took another clock, it is before any command:
 * which deadlines are to be moved could not be told afterwards.
 */
function mustWaitFor<Input extends CommandInput, Reply>(
  { taken }: ClockJump,
  { endsOthersLeases, input }: Command<Input, Reply>,
): boolean {
  return endsOthersLeases === true || (taken === true && input !== null);
}

const COMPARE_CLOCKS = 'Compare the clock of this machine with the clock of the store.';

/**
 * Why an id is too old or too far ahead. It was made by the clock of the process, or by the store's if that is another
 * one: both are right about their own ids, so by one of them it has to be neither.
 */
function expiryOf(commandId: string, { now, clock: { reading } }: Loaded, clock: ClockState) {
  const madeAt = timeOfUuid(commandId);
  const { wall } = reading;
  if (madeAt <= forgottenUntil(clock))
    return new OrchestratorError(
      'COMMAND_ID_EXPIRED',
      `The command id ${commandId} is so old that its receipt may be deleted.`,
      { field: 'commandId', hint: COMPARE_CLOCKS },
    );
  const isOf = (at: number) =>
    at - madeAt <= LIMITS.command_id_age_ms_max && madeAt - at <= LIMITS.command_id_ahead_ms_max;
  if (isOf(now) || isOf(wall)) return null;
  if (madeAt < Math.max(now, wall))
    return new OrchestratorError(
      'COMMAND_ID_EXPIRED',
      `The command id ${commandId} is older than ${LIMITS.command_id_age_ms_max / 86_400_000} days.`,
      { field: 'commandId' },
    );
  return new OrchestratorError(
    'COMMAND_ID_EXPIRED',
    `The command id ${commandId} is more than an hour ahead of the store's clock.`,
    { field: 'commandId', hint: COMPARE_CLOCKS },
  );
}

/** An event that the command does not declare is a fault in the command: nothing of it is saved. */
function assertDeclared<Input extends CommandInput, Reply>(
  { name, events }: Command<Input, Reply>,
  decision: Decision<Reply>,
): void {
  for (const happened of [decision.events, decision.agentEvents ?? []])
    for (const { type } of happened)
      if (!events.includes(type)) throw internalError(`The command ${name} does not declare the event ${type}.`);
}

function answerAgain<Input extends CommandInput, Reply>(
  { receipt: codec }: Command<Input, Reply>,
  input: Input,
  { hash, loaded, receipt }: { readonly hash: string; readonly loaded: Loaded; readonly receipt: Receipt },
): Outcome<Reply> {
  if (codec === null) throw internalError('A receipt was found for a command that stores none.');
  if (receipt.requestHash !== hash)
    throw new OrchestratorError(
      'COMMAND_ID_REUSED',
      `The command id ${receipt.commandId} was used for another request.`,
      { field: 'commandId' },
    );
  return {
    kind: 'reply',
    reply: codec.restore(storedReplyOf(receipt), new ReceiptRows(loaded, receipt), input),
    replayed: true,
  };
}

function unchanged<Reply>(reply: Outcome<Reply>, clock: ClockState | null): WriteSet<Outcome<Reply>> {
  return { reply, sessions: [], tasks: [], agents: [], events: [], receipt: null, forgetReceiptsAt: 0, clock };
}

function receiptFor(
  namespace: string,
  commandId: string,
  requestHash: string,
  stored: ReceiptReply,
  now: number,
): Receipt {
  return { namespace, commandId, requestHash, reply: receiptText(stored), at: Math.max(now, timeOfUuid(commandId)) };
}

/** A new reading is only written together with other rows; what has to be known of clocks always is. */
function clockAfter(
  decision: Decision<unknown>,
  { before, observed }: { before: ClockState; observed: ClockState | null },
  writes: boolean,
): ClockState | null {
  const clock = observed ?? before;
  if (decision.clockJump !== undefined) return clockState(clock.last, decision.clockJump, clock);
  return writes || mustBeStored(before, clock) ? observed : null;
}

function isAccepted<Reply>(reply: Reply): reply is Accepted<Reply> {
  return (reply as { ok: boolean }).ok;
}
