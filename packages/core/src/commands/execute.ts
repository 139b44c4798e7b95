/**
 * From a command and what was loaded for it to what is to be saved. Everything that holds for every command alike is here:
 * receipts, the age of command ids, the clocks; what a command means is in `decide/`, what an event does in `evolve.ts`.
 */
import { WorkingSet } from './working-set.ts';
import { canonicalize } from '../log/canonical.ts';
import { sha256 } from '../model/sha256.ts';
import { clockState, observeClock, tokensTakenAt, type ClockState } from '../model/clock.ts';
import type { Command, CommandInput, Judgement } from './command.ts';
import { OrchestratorError } from '../model/errors.ts';
import { timeOfUuid } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { recall, toReceiptReply } from './receipt-reply.ts';
import type { Receipt } from '../model/receipt.ts';
import type { Decision } from '../storage/write-set.ts';
import type { Loaded } from '../storage/loaded.ts';
import type { SessionKey } from '../storage/scope.ts';

/** A command's answer; or a clock jump that has to be worked off before the command can be judged. */
export type Outcome<Reply> =
  | { readonly kind: 'reply'; readonly reply: Reply; readonly replayed: boolean }
  | { readonly kind: 'clock_jump'; readonly after: SessionKey | null };

/**
 * What makes two requests the same: the command's name and its input. Not its id; and neither the process that sends it nor
 * what that happened to see of others, or an agent could not ask again after a restart what had been answered to the process
 * that died.
 */
export function requestHash(name: string, input: CommandInput): string {
  const { commandId: _id, process: _sender, evidence: _seen, ...request } = input;
  return sha256(canonicalize([name, request]));
}

/**
 * Judges one command on what was loaded for it. Pure: a storage may call it again.
 *
 * @throws `COMMAND_ID_REUSED`, `COMMAND_ID_EXPIRED`, and what the command itself throws for input that only the state shows to be wrong
 */
export function transition<Input extends CommandInput, Reply>(
  command: Command<Input, Reply>,
  input: Input,
  hash: string,
  loaded: Loaded,
): Decision<Outcome<Reply>> {
  const { commandId } = input;
  if (commandId !== undefined) assertJudgeable(commandId, loaded.now);
  if (loaded.receipt !== null) return unchanged(answerAgain<Reply>(loaded.receipt, hash, loaded), null);

  const observed = observeClock(loaded.clock, loaded.clock.reading);
  const clock = observed ?? loaded.clock;
  if (command.endsOthersLeases && clock.jump !== null)
    return unchanged({ kind: 'clock_jump', after: clock.jump.after }, observed);

  const judgement = command.decide(input, {
    ...loaded,
    clock: { ...clock, reading: loaded.clock.reading },
    greatestToken: Math.max(loaded.greatestToken, tokensTakenAt(loaded.now * 1_000, clock)),
  });
  const rows = new WorkingSet(loaded, input.namespace, commandId);
  rows.apply(judgement);
  const reply = judgement.reply(rows.after);
  const { sessions, tasks, events } = rows;
  const receipt =
    command.leavesReceipt && events.length > 0 && isOk(reply) ? receiptFor(input, hash, reply, loaded.now) : null;
  return {
    reply: { kind: 'reply', reply, replayed: false },
    sessions,
    tasks,
    events,
    receipt,
    forgetReceiptsAt: loaded.now - LIMITS.receipt_kept_ms,
    clock: clockAfter(judgement, { before: loaded.clock, observed }, sessions.length > 0),
  };
}

function assertJudgeable(commandId: string, now: number): void {
  const age = now - timeOfUuid(commandId);
  if (age > LIMITS.command_id_age_ms_max)
    throw new OrchestratorError(
      'COMMAND_ID_EXPIRED',
      `The command id ${commandId} is older than ${LIMITS.command_id_age_ms_max / 86_400_000} days.`,
      { field: 'commandId' },
    );
  if (age < -LIMITS.command_id_ahead_ms_max)
    throw new OrchestratorError(
      'COMMAND_ID_EXPIRED',
      `The command id ${commandId} is more than an hour ahead of the store's clock.`,
      {
        field: 'commandId',
        hint: "Compare this machine's clock with the store's.",
      },
    );
}

function answerAgain<Reply>(receipt: Receipt, hash: string, loaded: Loaded): Outcome<Reply> {
  if (receipt.requestHash !== hash)
    throw new OrchestratorError(
      'COMMAND_ID_REUSED',
      `The command id ${receipt.commandId} was used for another request.`,
      { field: 'commandId' },
    );
  return { kind: 'reply', reply: recall(receipt, loaded) as Reply, replayed: true };
}

function unchanged<Reply>(reply: Outcome<Reply>, clock: ClockState | null): Decision<Outcome<Reply>> {
  return { reply, sessions: [], tasks: [], events: [], receipt: null, forgetReceiptsAt: 0, clock };
}

function receiptFor(input: CommandInput & { commandId?: string }, hash: string, reply: unknown, now: number): Receipt {
  const commandId = input.commandId ?? '';
  return {
    namespace: input.namespace,
    commandId,
    requestHash: hash,
    reply: toReceiptReply(reply),
    at: Math.max(now, timeOfUuid(commandId)),
  };
}

/** A new reading is only worth a write along with others; a jump, or the end of the work on one, always is. */
function clockAfter(
  judgement: Judgement<unknown>,
  { before, observed }: { before: ClockState; observed: ClockState | null },
  writes: boolean,
): ClockState | null {
  const { last, jump } = observed ?? before;
  if (judgement.clockJump !== undefined) return clockState(last, judgement.clockJump, before);
  return writes || jump !== before.jump ? observed : null;
}

function isOk(reply: unknown): boolean {
  return (reply as { ok: boolean }).ok;
}
