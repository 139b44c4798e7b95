import { z } from 'zod';
import { canonicalize } from '../log/canonical.ts';
import { sha256 } from '../model/sha256.ts';
import type { StoredContext } from '../model/context.ts';
import { invalidInput } from '../model/errors.ts';
import * as field from '../model/fields.ts';
import { findJsonProblem, fromJsonText } from '../model/json.ts';
import { isExpired, leaseOf } from '../model/lease.ts';
import { LIMITS } from '../model/limits.ts';
import { fenceOf } from '../model/token.ts';
import { holderFields, leaseRefusal, lookUpHolder, refusedEvents, type LeaseRefusal } from './holder.ts';
import { plainReply } from './receipt-reply.ts';
import { type Command, refusalReason, refuse } from './command.ts';

/** The input of `checkpoint`. */
export const checkpointInput = z
  .lazy(() =>
    z.strictObject({
      namespace: field.name,
      ...holderFields,
      commandId: field.commandId,
      /** Default: one more than the last. A smaller one than the last is refused. */
      turn: z.int().min(0).max(LIMITS.turn_max).optional(),
      lastAction: field.note.optional(),
      nextAction: field.note.optional(),
      /** Where the agent keeps the rest of its memory. */
      memoryRef: field.note.optional(),
      /** A digest of that memory; default: SHA-256 of the other fields. */
      hash: field.note.optional(),
      data: field.json(LIMITS.context_bytes_max).optional(),
      /** As of `heartbeat`. */
      processGroup: field.processGroup.optional(),
    }),
  )
  .describe('A checkpoint replaces the whole context: fields that are left out become empty.');

/** The input, checked and filled in. */
export type CheckpointInput = z.output<typeof checkpointInput>;

/** The turn that was saved; or the reason why it was refused. */
export type CheckpointReply =
  | {
      readonly ok: true;
      readonly sessionId: string;
      readonly taskId: string;
      readonly turn: number;
      readonly expiresAt: number;
      readonly cancelRequested: boolean;
      readonly late: boolean;
    }
  /** A later turn was saved before: this one would set the session back. */
  | { readonly ok: false; readonly reason: 'turn_behind'; readonly turn: number }
  | LeaseRefusal;

/** Saves the context for the next holder, and counts as a heartbeat. */
export const checkpoint: Command<CheckpointInput, CheckpointReply> = {
  name: 'checkpoint',
  input: checkpointInput,
  refusalReason,
  events: ['session.checkpointed', 'lease.refused'],
  receipt: plainReply(),

  scope: ({ namespace, commandId, token }) => ({
    by: 'sessions',
    namespace,
    commandId,
    sessions: [{ fence: fenceOf(token) }],
  }),

  decide(input, loaded) {
    const { held, ended } = lookUpHolder(input, loaded);
    if (held === null)
      return {
        events: refusedEvents(input, ended, 'checkpoint'),
        reply: () => leaseRefusal(ended, loaded),
      };

    const { session, task } = held;
    const lastTurn = session.context === null ? 0 : (fromJsonText(session.context) as StoredContext).turn;
    const turn = input.turn ?? lastTurn + 1;
    if (turn < lastTurn) return refuse({ ok: false, reason: 'turn_behind', turn: lastTurn });

    const context = storedContext(input, turn);
    const problem = findJsonProblem(context, LIMITS.context_bytes_max);
    if (problem !== null) throw invalidInput('data', `makes a context that ${problem.problem}`, problem.code);

    const late = isExpired(session, loaded.now);
    const cancelRequested = task.cancelRequestedAt !== null;
    return {
      events: [
        {
          type: 'session.checkpointed',
          sessionId: session.id,
          taskId: task.id,
          agent: session.agent,
          instance: session.instance,
          fence: session.fence,
          payload: context,
        },
      ],
      renewals: [{ sessionId: session.id, processGroup: input.processGroup }],
      reply: (after) => ({
        ok: true,
        sessionId: session.id,
        taskId: task.id,
        turn,
        expiresAt: leaseOf(after.session(session.id)).expiresAt,
        cancelRequested,
        late,
      }),
    };
  },
};

function storedContext(input: CheckpointInput, turn: number): StoredContext {
  const said = {
    turn,
    last_action: input.lastAction ?? null,
    next_action: input.nextAction ?? null,
    memory_ref: input.memoryRef ?? null,
    data: input.data ?? null,
  };
  return { ...said, hash: input.hash ?? sha256(canonicalize(said)) };
}
