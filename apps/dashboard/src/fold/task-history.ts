import type { Event, TaskStatus } from '@agent-orchestrator/core';
import { statusAfter, TASK_STATUS_NAMES } from '@agent-orchestrator/runtime';
import { beginOf } from './begin-of.ts';
import { Column } from './column.ts';
import type { NumberedTexts } from './numbered-texts.ts';

/** What never changes of a task, in brief. */
export interface TaskName {
  readonly id: string;
  readonly number: number;
  readonly sessionId: string;
  readonly kind: string;
  readonly title: string;
}

/** What a task was at a moment. */
export interface TaskMoment {
  readonly status: TaskStatus;
  /** Handed off, and not claimed since. */
  readonly handedOff: boolean;
  /** It waits for the answer to a question. Other tasks that wait do so for tasks. */
  readonly asks: boolean;
  /** The ordinal of the event that made it so. */
  readonly ordinal: number;
}

/** The tasks of a moment, summed up. */
export interface TaskTotals {
  readonly counts: Readonly<Record<TaskStatus, number>>;
  /** The scheduled task that was due next, and when; null: none was scheduled. */
  readonly nextDue: { readonly task: TaskName; readonly at: number } | null;
}

/** Titles are cut: lists show one line, and the page of a task reads the whole one. */
const TITLE_MAX = 160;
const HANDED_OFF = 16;
const ASKS = 32;

type Payload = Readonly<Record<string, unknown>>;

/**
 * What became of each task, as a list of changes of status in which every change knows the one before of its task. So
 * the state at any ordinal is found without a replay.
 */
export class TaskHistory {
  readonly #names: NumberedTexts;
  readonly #titles: string[] = [];
  readonly #taskNumbers = Column.ofIntegers();
  /** The numbers of texts. */
  readonly #ids = Column.ofIntegers();
  readonly #sessions = Column.ofIntegers();
  readonly #kinds = Column.ofIntegers();
  /** By the number of its id: the task. */
  readonly #byId = Column.ofIntegers();
  /** By task: the ordinal at which it was queued. */
  readonly #queued = Column.ofIntegers();
  readonly #last = Column.ofIntegers();
  readonly #ordinals = Column.ofIntegers();
  readonly #codes = Column.ofBytes();
  readonly #before = Column.ofIntegers();
  /** By task: 1 if it succeeded, and was not retried since. */
  readonly #succeeded = Column.ofBytes();
  /** By task: the task before it of the same session, or -1. */
  readonly #beforeOfSession = Column.ofIntegers();
  /** By the number of the session. */
  readonly #lastOfSession = Column.ofIntegers();
  /** By change: when scheduled work is due. */
  readonly #due = new Map<number, number>();
  /** Ordinals at which a task succeeded again, though no retry came between. */
  readonly doneTwice: number[] = [];
  /** The greatest number of a task. */
  numberMax = 0;

  constructor(names: NumberedTexts) {
    this.#names = names;
  }

  get length(): number {
    return this.#titles.length;
  }

  /** How many tasks there were at an ordinal. They are numbered in the order in which they came. */
  countAt(ordinal: number): number {
    return this.#queued.countUpTo(ordinal);
  }

  nameOf(task: number): TaskName | null {
    const title = this.#titles[task];
    if (title === undefined) return null;
    const textOf = (column: Column) => this.#names.textOf(column.at(task)) ?? '';
    return {
      id: textOf(this.#ids),
      number: this.#taskNumbers.at(task),
      sessionId: textOf(this.#sessions),
      kind: textOf(this.#kinds),
      title,
    };
  }

  /** -1: it is not known. */
  numberOf(id: string): number {
    return this.#byId.assigned(this.#names.knownNumberOf(id));
  }

  /** @returns the number of the event's task, or -1 */
  apply(event: Event, payload: Payload, ordinal: number): number {
    if (event.taskId === null) return -1;
    let task = this.numberOf(event.taskId);
    if (task === -1) {
      if (event.type !== 'task.queued') return -1;
      task = this.#add(event, event.taskId, payload, ordinal);
    }
    const status = statusAfter(event.type, payload);
    this.#noteSuccess(task, event.type, status, ordinal);
    const over = endedBy(event.type, payload);
    if (status === null && over === 0 && event.type !== 'task.rescheduled') return task;
    const code = status === null ? this.#codes.at(this.#last.at(task)) : codeOf(status, event.type);
    this.#change(task, ordinal, code & ~over, payload['run_at']);
    return task;
  }

  /** null: it was not there yet. */
  momentOf(task: number, ordinal: number, now: number): TaskMoment | null {
    const change = this.#changeAt(task, ordinal);
    if (change < 0) return null;
    const code = this.#codes.at(change);
    const status = TASK_STATUS_NAMES[code % HANDED_OFF] ?? 'queued';
    const isDue = status === 'scheduled' && (this.#due.get(change) ?? 0) <= now;
    return {
      status: isDue ? 'queued' : status,
      handedOff: (code & HANDED_OFF) !== 0,
      asks: (code & ASKS) !== 0,
      ordinal: this.#ordinals.at(change),
    };
  }

  /** The last change of a task up to an ordinal; -1: there was none. */
  #changeAt(task: number, ordinal: number): number {
    let change = this.#last.at(task);
    while (change >= 0 && this.#ordinals.at(change) > ordinal) change = this.#before.at(change);
    return change;
  }

  /** The tasks that were there at an ordinal, the newest first, and what they were. */
  *newestFirst(ordinal: number, now: number, before = this.length): Generator<readonly [TaskName, TaskMoment, number]> {
    for (let task = Math.min(before, this.countAt(ordinal)) - 1; task >= 0; task -= 1) {
      const [name, moment] = [this.nameOf(task), this.momentOf(task, ordinal, now)];
      if (name !== null && moment !== null) yield [name, moment, task];
    }
  }

  /** Those of a session, the newest first. */
  *ofSession(sessionId: string, ordinal: number, now: number): Generator<readonly [TaskName, TaskMoment]> {
    let task = this.#lastOfSession.assigned(this.#names.knownNumberOf(sessionId));
    for (; task >= 0; task = this.#beforeOfSession.at(task)) {
      const [name, moment] = [this.nameOf(task), this.momentOf(task, ordinal, now)];
      if (name !== null && moment !== null) yield [name, moment];
    }
  }

  /** How many tasks of each status there were, and which scheduled one was due next: one walk tells both. */
  totals(ordinal: number, now: number): TaskTotals {
    const counts = Object.fromEntries(TASK_STATUS_NAMES.map((status) => [status, 0])) as Record<TaskStatus, number>;
    let [next, at] = [-1, Number.POSITIVE_INFINITY];
    for (let task = this.countAt(ordinal) - 1; task >= 0; task -= 1) {
      const status = this.momentOf(task, ordinal, now)?.status;
      if (status !== undefined) counts[status] += 1;
      const due = status === 'scheduled' ? this.#due.get(this.#changeAt(task, ordinal)) : undefined;
      if (due !== undefined && due < at) [next, at] = [task, due];
    }
    const task = this.nameOf(next);
    return { counts, nextDue: task === null ? null : { task, at } };
  }

  /** The ids and numbers of the tasks that were there at an ordinal. */
  *idsAt(ordinal: number): Generator<{ readonly id: string; readonly number: number }> {
    for (let task = this.countAt(ordinal) - 1; task >= 0; task -= 1)
      yield { id: this.#names.textOf(this.#ids.at(task)) ?? '', number: this.#taskNumbers.at(task) };
  }

  #add({ streamId }: Event, taskId: string, payload: Payload, ordinal: number): number {
    const task = this.length;
    const text = (name: string) => (typeof payload[name] === 'string' ? payload[name] : '');
    this.#titles.push(beginOf(text('title'), TITLE_MAX));
    const number = Number(payload['number'] ?? 0);
    this.#taskNumbers.push(number);
    this.numberMax = Math.max(this.numberMax, number);
    this.#ids.push(this.#names.numberOf(taskId));
    this.#sessions.push(this.#names.numberOf(streamId));
    this.#kinds.push(this.#names.numberOf(text('kind')));
    this.#byId.assign(this.#names.numberOf(taskId), task);
    this.#queued.push(ordinal);
    this.#last.push(-1);
    this.#succeeded.push(0);
    const session = this.#names.numberOf(streamId);
    this.#beforeOfSession.push(this.#lastOfSession.assigned(session));
    this.#lastOfSession.assign(session, task);
    return task;
  }

  /** Only a retry allows a second success, whatever else happened in between. */
  #noteSuccess(task: number, type: Event['type'], status: TaskStatus | null, ordinal: number): void {
    if (type === 'task.retried') this.#succeeded.set(task, 0);
    if (status !== 'succeeded') return;
    if (this.#succeeded.at(task) === 1) this.doneTwice.push(ordinal);
    this.#succeeded.set(task, 1);
  }

  #change(task: number, ordinal: number, code: number, runAt: unknown): void {
    const change = this.#ordinals.length;
    this.#ordinals.push(ordinal);
    this.#codes.push(code);
    this.#before.push(this.#last.at(task));
    this.#last.set(task, change);
    if (typeof runAt === 'number') this.#due.set(change, runAt);
  }
}

function codeOf(status: TaskStatus, type: Event['type']): number {
  const isHandedOff = type === 'task.handed_off' ? HANDED_OFF : 0;
  return TASK_STATUS_NAMES.indexOf(status) + isHandedOff + (type === 'task.asked' ? ASKS : 0);
}

/**
 * What an event ends that may leave the status: an answer ends the question, also of a task that then waits for others;
 * a review that its agent may not judge any more goes back to its role, and its hand-off is over.
 */
function endedBy(type: Event['type'], payload: Payload): number {
  if (type === 'task.answered') return ASKS;
  return type === 'task.reviewer_excluded' && 'role' in payload ? HANDED_OFF : 0;
}
