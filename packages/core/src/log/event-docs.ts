/**
 * For the generated reference: what each event means, and its payload fields.
 */
import { TASK_TEXTS_IN_EVENT } from '../model/task-texts.ts';
import type { EventPayloads, EventType } from './events.ts';

const OCCURRED_AT = "of an imported event: when it happened (ms), if that is before the session's last event";

const WAITS_FOR = {
  depends_on: 'the tasks that it waits for, if any',
  dependencies_ended: 'how those of them had ended for which it does not wait',
  on_dependency_failure: '`block`, `cancel` or `run`: what becomes of it if one of them does not succeed',
  cancelled: 'true if the next event cancels it, because one of them had failed or was cancelled before',
} as const;

export const EVENT_DOCS: {
  readonly [T in EventType]: {
    readonly means: string;
    readonly fields: { readonly [F in keyof EventPayloads[T]]?: string };
  };
} = {
  'session.opened': {
    means: 'A new session was opened, or an enqueue or a retry opened a closed one again.',
    fields: {
      number: 'its number for people (`s17`); a session made for one task has the number of the task (`t42`, `s42`)',
      context: 'of an imported session: its context, instead of a checkpoint',
    },
  },
  'session.closed': {
    means: 'A session was closed: no task of it is open.',
    fields: { reason: '`requested`, or `task_ended` for a session that was made for one task' },
  },
  'session.checkpointed': {
    means: 'The holder saved the context for the next holder.',
    fields: {
      turn: 'grows with each checkpoint',
      last_action: 'what was done',
      next_action: 'what is next',
      memory_ref: 'where the agent keeps the rest of its memory',
      hash: 'digest of that memory, or SHA-256 of the other fields',
      data: 'any JSON',
    },
  },
  'task.queued': {
    means: 'A task was added to its session.',
    fields: {
      number: 'its number for people (`t42`)',
      kind: 'what sort of work',
      title: 'one line for people',
      payload: 'what the worker needs',
      priority: 'smaller first',
      dedupe_key: 'unique among the tasks of the namespace that hold their keys',
      dedupe_while: '`open`: it holds its key until it ends; without this field, as long as it is kept',
      run_at: 'it cannot be claimed before this time (ms), or null',
      delay_ms: 'the delay that was asked for, if `run_at` is the end of one (ms)',
      attempts_max: 'failed attempts after which it is a dead letter',
      interruptions_max: 'lost leases after which it is still requeued',
      backoff_ms: 'pause after the first failed attempt',
      assignee: 'the only agent that may claim it',
      role: 'the only role that may claim it',
      review: '`{ role, approvals }` of a task that asks for a review',
      review_of:
        'of a review: `{ task_id, session_id, round, role, not_for }`, the work that it judges and who held that work',
      depends_on: 'the tasks on which it depends, if any',
      dependencies_ended: 'how those of them had ended for which it does not wait',
      on_dependency_failure: '`block`, `cancel` or `run`: what becomes of it if one of them does not succeed',
      parent_id: 'the task of which it is a part, if any',
      ...TASK_TEXTS_IN_EVENT,
      occurred_at: OCCURRED_AT,
    },
  },
  'task.claimed': {
    means: 'A lease was granted: the agent has the lock of the session, and its head is running.',
    fields: {
      token_hash: "SHA-256 of the lease's token",
      ttl_ms: 'length of the lease',
      stale_after_ms: 'time without a heartbeat after which recovery may end the lease',
      expires_at: 'first expiry (ms); heartbeats extend it and are not logged',
      host: "the holder's machine",
      boot: "the machine's boot id",
      pid: "the holder's process id",
      process_start: 'when that process started',
      process_group: 'the process group of its keeper; 0: a later heartbeat gives it',
      handed_off_by: 'the agent that handed the task off: this claim acknowledges the hand-off',
      occurred_at: OCCURRED_AT,
    },
  },
  'task.succeeded': {
    means: 'The holder finished the task.',
    fields: {
      outcome: 'as reported; of a review, its verdict: `approved` or `changes_requested`',
      result: 'any JSON; of a review, `{ verdict, notes }`',
      occurred_at: OCCURRED_AT,
    },
  },
  'task.review_requested': {
    means: 'The holder finished the task, and its reviews were queued. No attempt is counted.',
    fields: {
      outcome: 'as reported',
      result: 'any JSON: what is reviewed',
      round: 'counts from 1',
      reviews: 'the ids of the tasks that are its reviews',
    },
  },
  'task.approved': {
    means: 'A review approved the task. With the last approval that it needs, the task has succeeded.',
    fields: {
      review: 'the id of the review',
      round: 'the round that the review is of',
      proof: 'how the reviewer was proven: `unproven` is the name that it gave, `signature` its key',
      signature:
        'with that proof: `value`, the Ed25519 signature, `notes_sha256`, the digest of the notes, and `key`, the ' +
        'fingerprint of the key',
      done: 'whether it was the last approval that the task needs',
    },
  },
  'task.changes_requested': {
    means: 'A review asked for changes: the task is back in its old place in the queue, or a dead letter.',
    fields: {
      review: 'the id of the review',
      round: 'the round that the review is of',
      proof: 'how the reviewer was proven: `unproven` is the name that it gave, `signature` its key',
      signature:
        'with that proof: `value`, the Ed25519 signature, `notes_sha256`, the digest of the notes, and `key`, the ' +
        'fingerprint of the key',
      notes: 'what to change',
      final: 'whether no round is left: then it is a dead letter',
    },
  },
  'task.reviewer_excluded': {
    means: 'An agent approved another review of the same round: it may not give the verdict of this one.',
    fields: {
      reviewer: 'the name of the agent',
      review: 'the id of the review that it approved',
      role: 'only if this review was for that agent: the role that it is for from now on',
    },
  },
  'task.failed': {
    means: 'The attempt failed; or, with outcome null, the task was interrupted too often.',
    fields: {
      outcome: 'as reported by the holder, or null',
      error: '`{ code?, message, data? }`',
      run_at: 'the time of the next attempt (ms); null: none, it is a dead letter',
      delay_ms: 'the pause before the next attempt (ms)',
      occurred_at: OCCURRED_AT,
    },
  },
  'task.rescheduled': {
    means:
      'The clock was set back: a scheduled task waits no longer than the delay that was asked for. ' +
      'It keeps this time if the clock goes forward again.',
    fields: {
      by_ms: 'how far the wall clock moved against the steady clock (ms)',
      run_at: 'it cannot be claimed before this time (ms)',
      delay_ms: 'the delay that was asked for (ms)',
    },
  },
  'task.dependency_ended': {
    means:
      'A task on which it depends has ended. With the last one that it waited for, the task is queued in its old ' +
      'place, or scheduled if its time has not come.',
    fields: {
      dependency: 'the task that ended',
      status: 'how it ended: `succeeded`, `failed` or `cancelled`',
      seq: "the number of the event that ended it, in its session's stream",
      open_dependencies: 'how many tasks this one still waits for',
      run_at: 'the task cannot be claimed before this time (ms), or null',
      after_end: 'true if the task was cancelled before: it stays so, and waits for one task less if it is retried',
      still_asks: 'true if the task also waits for an answer: it is not queued yet',
    },
  },
  'task.retried': {
    means: 'A failed or cancelled task was queued again by hand; its counters start from zero.',
    fields: {
      open_dependencies: 'how many tasks it waits for, if any: then it is blocked',
    },
  },
  'task.released': {
    means: 'The holder gave the task back; no attempt is counted.',
    fields: { outcome: 'as reported', note: 'for the next holder' },
  },
  'task.handed_off': {
    means: 'The holder handed the task to an agent or a role.',
    fields: {
      outcome: 'as reported',
      assignee: 'the agent',
      role: 'the role',
      note: 'for the next holder',
      return_at: 'when the task goes back to its sender if no agent has claimed it (ms)',
      delay_ms: 'the time until then that was asked for (ms)',
    },
  },
  'task.handed_back': {
    means: 'No agent claimed a handed-off task in time, so it went back to the agent that had handed it off.',
    fields: {
      assignee: 'the agent that had handed it off; null: it has given its verdict in this round',
      role: 'the role of the review if `assignee` is null',
      returned_from: 'whom the task was for until now: `agent:NAME` or `role:NAME`',
      return_at: 'when it was due to go back (ms)',
    },
  },
  'task.return_rescheduled': {
    means: 'The clock was set back: a handed-off task goes back no later than after the time that was asked for.',
    fields: {
      by_ms: 'how far the wall clock moved against the steady clock (ms)',
      return_at: 'when the task goes back to its sender if no agent has claimed it (ms)',
      delay_ms: 'the time that was asked for (ms)',
    },
  },
  'task.asked': {
    means: 'The holder asked a question and gave the task back: it waits for the answer. No attempt is counted.',
    fields: {
      outcome: 'as reported',
      question: 'the question',
      asked_agent: 'the agent that was asked',
      asked_role: 'the role that was asked; neither: it is for any agent',
      ...WAITS_FOR,
    },
  },
  'task.waiting': {
    means:
      'The holder gave the task back: it waits for other tasks, and is queued in its old place when the last of them ' +
      'has ended. No attempt is counted.',
    fields: { outcome: 'as reported', ...WAITS_FOR },
  },
  'task.answered': {
    means:
      "The question of the task was answered by the event's agent: the task is queued again in its old place, and " +
      'the next holder gets the answer.',
    fields: {
      answer: 'the answer',
      asked_at: 'when the question was asked that it answers (ms)',
      open_dependencies: 'how many tasks it still waits for, if any: then it is not queued yet',
    },
  },
  'task.cancelled': {
    means: 'The task ended without being done.',
    fields: {
      outcome: 'as reported by the holder, or null if no agent held it',
      error: "the holder's error, or null",
      occurred_at: OCCURRED_AT,
    },
  },
  'task.cancel_requested': {
    means: 'The cancellation of a running task was requested; the next heartbeat tells its holder.',
    fields: {},
  },
  'task.recovered': {
    means: 'Recovery ended the lease of a dead holder and put the task back in its old place in the queue.',
    fields: {
      reason: '`stale`, `dead` (on evidence) or `restored`',
      from_agent: 'the agent that held it',
      from_instance: 'the run of that agent',
      expires_at: 'expiry of the lease (ms)',
      heartbeat_at: 'last proof of life (ms)',
      stale_at: 'when recovery became allowed (ms)',
      evidence: 'the proof that the holder is dead, or null',
    },
  },
  'lease.taken_over': {
    means: 'A claim of the session ended the lease of the old holder.',
    fields: {
      reason: '`expired`, `resumed` (same agent, restarted) or `dead` (on evidence)',
      from_agent: 'the agent that held it',
      from_instance: 'the run of that agent',
      expires_at: 'expiry of the lease (ms)',
      heartbeat_at: 'last proof of life (ms)',
      stale_at: 'when recovery would have become allowed (ms)',
      evidence: 'the proof that the holder is dead, or null',
    },
  },
  'lease.refused': {
    means: 'A call of a zombie was refused: another process had ended its lease. Only the first one is logged.',
    fields: {
      operation: 'the call that was refused',
      ended_by: 'the type of the event that ended its lease',
      ended_at: 'the time of that event (ms)',
    },
  },
  'clock.jumped': {
    means:
      'The machine slept, its clock was set, the store moved, or it took the clock of another process: ' +
      'the holder got new deadlines.',
    fields: {
      by_ms: 'how far the wall clock moved against the steady clock (ms)',
      expires_at: 'the new expiry (ms)',
      taken: 'true if the store took another clock: the deadlines moved with it, and the holder got no new TTL',
    },
  },
  'legacy.event': {
    means: "A row of the proof of concept's log, imported unchanged: its columns are the fields of the payload.",
    fields: {},
  },
  'agent.registered': {
    means: 'An agent was registered, or registered again: it may claim.',
    fields: { roles: 'its roles', machine: 'the machine that it runs on, or null', human: 'whether it is a person' },
  },
  'agent.draining': {
    means: 'An agent claims nothing more; it may finish what it holds.',
    fields: {},
  },
  'agent.retired': {
    means: 'The name of an agent was retired: no claim under it is granted.',
    fields: {},
  },
  'agent.policy_set': {
    means: 'Which names may claim in this namespace was changed. Its stream is `*`, the entry of all other names.',
    fields: { agents: '`any`, or `registered_only`' },
  },
  'agent.key_set': {
    means: "The key was set that proves an agent's verdicts; from then on they must be signed. Null revokes it.",
    fields: { public_key: 'the public half of the Ed25519 key, as base64url; null: none' },
  },
  'agent.signed_roles_set': {
    means: 'The roles were set whose verdicts must be signed. Its stream is `*`, the entry of all other names.',
    fields: { signed_roles: 'the roles' },
  },
};
