import {
  DEFAULTS,
  OrchestratorReads,
  type Event,
  type EventType,
  type Storage,
  type Verification,
} from '@agent-orchestrator/core';
import { checkInvariants } from '../checker/check-invariants.ts';
import { attemptsOf, type Attempt, type Journal } from '@agent-orchestrator/core/journal';
import type { Violation } from '../checker/violation.ts';
import { allJournals } from './journal-file.ts';
import type { NamedFailpoint } from './failpoint.ts';
import type { Disturbed, ProcessRun } from './settings.ts';

/** What a run came to. */
export interface ProcessReport {
  /** What reached a worker and was no answer, or ended one: none is allowed. */
  readonly errors: readonly string[];
  /** Tasks that did not succeed exactly once. */
  readonly notOnce: readonly string[];
  readonly violations: readonly Violation[];
  readonly verification: Verification;
  readonly figures: Figures;
}

export interface Figures {
  readonly seed: number;
  readonly seconds: number;
  readonly tasks: number;
  readonly succeeded: number;
  readonly kills: number;
  readonly failpoints: number;
  /** How often each named failpoint was reached. */
  readonly reached: Readonly<Partial<Record<NamedFailpoint, number>>>;
  readonly pauses: number;
  readonly starts: number;
  readonly events: number;
  readonly calls: number;
  readonly unanswered: number;
  readonly resent: number;
  readonly followed: number;
  readonly recovered: number;
  readonly takenOver: number;
  /** Zombies in the log: holders that came back after another process had ended their lease. */
  readonly refused: number;
  /** What happened to others than the processes, by name. */
  readonly incidents: Readonly<Record<string, number>>;
  /** How often each reason was the answer. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** Checks a run that has ended, by its log and journals. */
export async function judgeRun(run: ProcessRun, disturbed: Disturbed, storage: Storage): Promise<ProcessReport> {
  const events = await readEvents(storage);
  const journals = allJournals(run.folder);
  const attempts = journals.flatMap(attemptsOf);
  return {
    errors: [...disturbed.crashes, ...journals.flatMap(errorsIn)],
    notOnce: tasksNotDoneOnce(events, run.tasks),
    violations: checkInvariants({ events, journals, ...(run.tolerances && { tolerances: run.tolerances }) }),
    verification: await new OrchestratorReads(storage, DEFAULTS.namespace).verify(),
    figures: figuresOf(run, disturbed, events, journals, attempts),
  };
}

/** The whole log, of all namespaces. */
export async function readEvents(storage: Storage): Promise<Event[]> {
  const events: Event[] = [];
  const upTo = await storage.read.settledEventId();
  for (const namespace of await storage.read.namespaces())
    for (let after: string | null = '0'; after !== null;) {
      const page = await storage.read.events({ namespace, limit: 500, after, upTo });
      events.push(...page.items);
      after = page.next;
    }
  return events.toSorted((a, b) => a.id - b.id);
}

function errorsIn(journal: Journal): string[] {
  const started = journal.find((line) => line.is === 'started');
  return journal.flatMap((line) =>
    line.is === 'threw' ? `${started?.instance}: ${line.code ?? 'not a typed error'}: ${line.message}` : [],
  );
}

function tasksNotDoneOnce(events: readonly Event[], tasks: number | null): string[] {
  const times = new Map(events.flatMap(({ type, taskId }) => (type === 'task.queued' ? [[taskId ?? '', 0]] : [])));
  for (const { type, taskId } of events)
    if (type === 'task.succeeded') times.set(taskId ?? '', (times.get(taskId ?? '') ?? 0) + 1);
  const wrong = [...times].flatMap(([id, count]) => (count === 1 ? [] : `${id} succeeded ${count} times`));
  return tasks === null || times.size === tasks ? wrong : [...wrong, `${times.size} tasks were added, not ${tasks}`];
}

function figuresOf(
  run: ProcessRun,
  { kills, failpoints, reached, pauses, starts, incidents, durationMs }: Disturbed,
  events: readonly Event[],
  journals: readonly Journal[],
  attempts: readonly Attempt[],
): Figures {
  const count = (type: EventType) => events.filter((event) => event.type === type).length;
  const ids = attempts.flatMap((attempt) => (attempt.command === 'heartbeat' ? [] : attempt.request.commandId));
  return {
    seed: run.seed,
    seconds: Math.round(durationMs / 100) / 10,
    tasks: run.tasks ?? count('task.queued'),
    succeeded: count('task.succeeded'),
    kills,
    failpoints,
    reached,
    pauses,
    starts,
    events: events.length,
    calls: attempts.length,
    unanswered: attempts.filter(({ answeredAt }) => answeredAt === null).length,
    resent: ids.length - new Set(ids).size,
    followed: journals.flat().reduce((sum, line) => sum + (line.is === 'followed' ? line.events.length : 0), 0),
    recovered: count('task.recovered'),
    takenOver: count('lease.taken_over'),
    refused: count('lease.refused'),
    incidents,
    refusals: tally(attempts.flatMap(reasonsOf)),
  };
}

/** Why a call, or an item of its batch, was refused. */
function reasonsOf({ reply }: Attempt): string[] {
  if (reply === null) return [];
  if ('items' in reply) return reply.items.flatMap((item) => (item.ok ? [] : item.reason));
  return reply.ok ? [] : [reply.reason];
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
