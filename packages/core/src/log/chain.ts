import { sha256 } from '../model/sha256.ts';
import type { Session } from '../model/session.ts';
import { canonicalize } from './canonical.ts';
import { OTHER_AGENTS, type Agent } from '../model/agent.ts';
import type { AgentEventDraft, EventDraft, NewEvent } from './events.ts';

/** The previous hash of the first event of a stream. */
export const CHAIN_START = '0'.repeat(64);

/**
 * The hash that chains an event to the one before it: SHA-256 over the canonical JSON (RFC 8785) of all its columns but
 * `id` (the database gives it, so a copy of the log keeps its chains) and `hash` itself. The payload is hashed as the
 * stored text, so a reader does not depend on how a number is written.
 *
 * Each claim and release hashes events, so the text is not left to `canonicalize`: these keys are written in their
 * order, and `JSON.stringify` keeps it (in a third of the time). No column is a lone surrogate or NaN.
 */
export function hashEvent(event: Omit<NewEvent, 'hash'>): string {
  return sha256(
    JSON.stringify({
      agent: event.agent,
      at: event.at,
      command_id: event.commandId,
      fence: event.fence,
      instance: event.instance,
      lease_effect: event.leaseEffect,
      namespace: event.namespace,
      payload: event.payload,
      prev_hash: event.prevHash,
      seq: event.seq,
      session_id: event.sessionId,
      stream_id: event.streamId,
      stream_kind: event.streamKind,
      task_id: event.taskId,
      type: event.type,
    }),
  );
}

/** What an event is part of, and when it happens. */
interface Occasion {
  readonly namespace: string;
  readonly commandId: string | null;
  readonly now: number;
}

/** The event of a draft: numbered, dated and chained to the session's last one. */
export function chained(draft: EventDraft, session: Session | null, of: Occasion): NewEvent {
  return linked(session, of, {
    namespace: of.namespace,
    streamKind: 'session',
    streamId: draft.sessionId,
    type: draft.type,
    leaseEffect: draft.leaseEffect ?? null,
    sessionId: draft.sessionId,
    taskId: draft.taskId ?? null,
    agent: draft.agent ?? null,
    instance: draft.instance ?? null,
    fence: draft.fence ?? null,
    payload: canonicalize(draft.payload),
  });
}

/** The same for an event of the registry. It names the agent, unless it is about all other names. */
export function chainedToAgent(draft: AgentEventDraft, agent: Agent | null, of: Occasion): NewEvent {
  return linked(agent, of, {
    namespace: of.namespace,
    streamKind: 'agent',
    streamId: draft.name,
    type: draft.type,
    leaseEffect: null,
    sessionId: null,
    taskId: null,
    agent: draft.name === OTHER_AGENTS ? null : draft.name,
    instance: null,
    fence: null,
    payload: canonicalize(draft.payload),
  });
}

function linked(
  owner: Pick<Session, 'seq' | 'hash' | 'updatedAt'> | null,
  { commandId, now }: Occasion,
  draft: Omit<NewEvent, 'seq' | 'commandId' | 'at' | 'prevHash' | 'hash'>,
): NewEvent {
  const event = {
    ...draft,
    seq: (owner?.seq ?? 0) + 1,
    commandId,
    // A clock that went back must not reverse the order of a stream's events.
    at: Math.max(now, owner?.updatedAt ?? 0),
    prevHash: owner?.hash ?? CHAIN_START,
  };
  return Object.assign(event, { hash: hashEvent(event) });
}
