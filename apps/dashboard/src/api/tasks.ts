import { fields, TASK_STATUS_NAMES } from '@agent-orchestrator/runtime';
import type { TaskStatus } from '@agent-orchestrator/core';
import type { StoreHistory } from '../fold/store-history.ts';
import { numberIn, QueryError, type PageReads, type Query } from './page-reads.ts';
import { taskRow, type TaskRow } from './rows.ts';

export interface TasksAnswer {
  readonly rows: readonly TaskRow[];
  /** For `before` of the next page; null: these were the last. */
  readonly next: string | null;
  /** Tasks at that moment, of any status. */
  readonly total: number;
  /** So many tasks were looked at for a text; the others were not. */
  readonly searched: number | null;
}

const LIMIT = 50;
const LIMIT_MAX = 200;
/** A text is looked for among so many of the newest tasks. */
const SEARCH_MAX = 100_000;

/** The tasks of a moment, the newest first. */
export async function readTasks(
  { orchestrator, follower }: PageReads,
  { params, moment }: Query,
): Promise<TasksAnswer> {
  const { tasks } = follower.history;
  const limit = numberIn(params, 'limit', { least: 1, most: LIMIT_MAX, otherwise: LIMIT });
  const before = numberIn(params, 'before', { most: tasks.length, otherwise: tasks.length });
  const status = statusesIn(params);
  const [kind, sessionId] = [params.get('kind') ?? '', params.get('session') ?? ''];
  const text = (params.get('text') ?? '').trim().toLowerCase();
  const keyHolder = await holderOf(orchestrator, (params.get('text') ?? '').trim());
  const isHandedOff = params.get('handed_off') === 'true';
  const held = heldBy(follower.history, params.get('held_by') ?? '', moment.ordinal);
  const rows: TaskRow[] = [];
  let next: string | null = null;
  let searched = 0;
  for (const [name, then, task] of tasks.newestFirst(moment.ordinal, moment.at, before)) {
    searched += 1;
    if (text !== '' && searched > SEARCH_MAX) break;
    if (status !== null && !status.has(then.status)) continue;
    if (isHandedOff && !(then.handedOff && then.status === 'queued')) continue;
    if (held !== null && !held.has(task)) continue;
    if (kind !== '' && name.kind !== kind) continue;
    if (sessionId !== '' && name.sessionId !== sessionId) continue;
    if (text !== '' && !isMeant(name, text) && name.id !== keyHolder) continue;
    if (rows.length === limit) {
      next = String(task + 1);
      break;
    }
    rows.push(taskRow(follower.history, name, then));
  }
  return {
    rows,
    next,
    total: tasks.countAt(moment.ordinal),
    searched: text === '' ? null : Math.min(searched, SEARCH_MAX),
  };
}

/** The tasks that an agent holds, by their numbers in the history; null: it was not asked. */
function heldBy({ leases }: StoreHistory, agent: string, ordinal: number): ReadonlySet<number> | null {
  if (agent === '') return null;
  const held = [...leases.held(ordinal)].filter((lease) => lease.agent === agent);
  return new Set(held.map(({ task }) => task));
}

/** The id of the task that holds a dedupe key today; null: there is none. */
async function holderOf(orchestrator: PageReads['orchestrator'], dedupeKey: string): Promise<string | null> {
  if (!fields.id.safeParse(dedupeKey).success) return null;
  const [holder] = (await orchestrator.listTasks({ dedupeKey, limit: 1 })).items;
  return holder?.id ?? null;
}

/** By a part of the title, the start of the id, or the number. */
function isMeant({ id, number, title }: { id: string; number: number; title: string }, text: string): boolean {
  return `t${number}` === text || id.startsWith(text) || title.toLowerCase().includes(text);
}

function statusesIn(params: URLSearchParams): ReadonlySet<TaskStatus> | null {
  const asked = params.getAll('status').filter((one) => one !== '');
  for (const one of asked)
    if (!TASK_STATUS_NAMES.includes(one as TaskStatus))
      throw new QueryError(`there is no status ${JSON.stringify(one)}`);
  return asked.length === 0 ? null : new Set(asked as TaskStatus[]);
}
