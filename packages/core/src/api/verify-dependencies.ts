/**
 * What the log of one session does not tell of dependencies: whether rows belong to tasks whose log has none, and
 * whether every task that waits has been told of the ends of those that it depends on. What it has not been told of is
 * in the table of ends, until the next claim applies it.
 */
import type { Event } from '../log/events.ts';
import { statusAfter } from '../log/lifecycle.ts';
import { isFulfilledBy, type Dependency, type DependencyEnd } from '../model/dependency.ts';
import { fromJsonText } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import { isEnded } from '../model/statuses.ts';
import type { Task } from '../model/task.ts';
import { compareCodePoints } from '../model/text.ts';
import { pages } from '../storage/pages.ts';
import type { Reader } from '../storage/storage.ts';

/** A fault in the dependencies of a task. */
export interface DependencyFault {
  /** Empty: the task does not exist. */
  readonly sessionId: string;
  readonly taskId: string;
  readonly message: string;
}

/**
 * Reads both tables once, page by page. For each dependency that is open and has no end, one task is read.
 *
 * @param compared how many rows of the namespace were compared with the logs of their tasks
 */
export async function verifyDependencies(
  reader: Reader,
  namespace: string,
  compared: number,
  report: (fault: DependencyFault) => void,
): Promise<void> {
  const verifier = new DependencyVerifier(reader, namespace, report);
  const rows = await verifier.ends();
  if (rows !== compared) await verifier.strays();
}

class DependencyVerifier {
  readonly #reader: Reader;
  readonly #namespace: string;
  readonly #report: (fault: DependencyFault) => void;

  constructor(reader: Reader, namespace: string, report: (fault: DependencyFault) => void) {
    this.#reader = reader;
    this.#namespace = namespace;
    this.#report = report;
  }

  /** @returns how many dependencies there are */
  async ends(): Promise<number> {
    let rows = 0;
    for await (const { dependency, ends } of this.#withEnds()) {
      rows += 1;
      for (const end of ends)
        if (!(await this.#isInLog(end))) await this.#fault(end, `${said(end)} is not in the log.`);
      if (dependency.ended === null && (await this.#lacksEnd(dependency, ends)))
        await this.#fault(dependency, `${dependency.dependencyId} has ended or is gone, and it will not be told.`);
    }
    return rows;
  }

  /** Names the tasks that have rows, and whose log has no dependencies. */
  async strays(): Promise<void> {
    let last: string | null = null;
    for await (const { taskId } of this.#dependencies()) {
      if (taskId === last) continue;
      last = taskId;
      const task = await this.#reader.task(this.#namespace, taskId);
      if (task === null || task.onDependencyFailure === null)
        await this.#fault({ taskId }, 'it has dependencies in the table but not in the log.');
    }
  }

  #dependencies(): AsyncGenerator<Dependency> {
    const all = { namespace: this.#namespace, ofAll: true, limit: LIMITS.page_max } as const;
    return pages((after) => this.#reader.dependencies({ ...all, ...after }));
  }

  /** Both tables are in the order of the same key. An end without a dependency is a fault. */
  async *#withEnds(): AsyncGenerator<{ readonly dependency: Dependency; readonly ends: readonly DependencyEnd[] }> {
    const all = { namespace: this.#namespace, limit: LIMITS.page_max };
    const left = pages((after) => this.#reader.dependencyEnds({ ...all, ...after }));
    let next = await left.next();
    for await (const dependency of this.#dependencies()) {
      const ends: DependencyEnd[] = [];
      for (; next.done !== true && compareKeys(next.value, dependency) <= 0; next = await left.next())
        if (compareKeys(next.value, dependency) === 0) ends.push(next.value);
        else await this.#withoutDependency(next.value);
      yield { dependency, ends };
    }
    for (; next.done !== true; next = await left.next()) await this.#withoutDependency(next.value);
  }

  #withoutDependency(end: DependencyEnd): Promise<void> {
    return this.#fault(end, `${said(end)} belongs to no dependency.`);
  }

  /** Whether that event of the other task ended it so. */
  async #isInLog({ dependencyId, seq, status }: DependencyEnd): Promise<boolean> {
    const namespace = this.#namespace;
    const sessionId = (await this.#reader.task(namespace, dependencyId))?.sessionId;
    if (sessionId === undefined) return false;
    const { items } = await this.#reader.events({ namespace, sessionId, after: String(seq - 1), limit: 1 });
    const event = items.find((one) => one.seq === seq && one.taskId === dependencyId);
    return event !== undefined && statusAfter(event.type, fromJsonText(event.payload) as object) === status;
  }

  /** Whether the task has to be told of an end that is neither in its log nor about to be told. */
  async #lacksEnd(dependency: Dependency, ends: readonly DependencyEnd[]): Promise<boolean> {
    const { taskId, dependencyId, onDependencyFailure: policy } = dependency;
    if (ends.some(({ status }) => isFulfilledBy(status, policy))) return false;
    const other = await this.#reader.task(this.#namespace, dependencyId);
    if (other === null) return true;
    // One that was retried has no end but its next one.
    if (!isEnded(other.status)) return false;
    if (isFulfilledBy(other.status, policy)) return true;
    if (policy !== 'cancel' || ends.length > 0) return false;
    const task = await this.#reader.task(this.#namespace, taskId);
    return task?.status === 'blocked' && !(await this.#retriedSince(task, other));
  }

  /** A task that was cancelled with its dependency, and was retried by hand, waits for it without being told again. */
  async #retriedSince({ id }: Task, { id: dependencyId }: Task): Promise<boolean> {
    const retried = await this.#last(id, ['task.retried']);
    const end = await this.#last(dependencyId, ['task.failed', 'task.cancelled', 'task.changes_requested']);
    return retried !== null && end !== null && retried.id > end.id;
  }

  async #last(taskId: string, types: readonly Event['type'][]): Promise<Event | null> {
    const { items } = await this.#reader.events({ namespace: this.#namespace, taskId, types, before: null, limit: 1 });
    return items[0] ?? null;
  }

  async #fault({ taskId }: Pick<Dependency, 'taskId'>, message: string): Promise<void> {
    const task = await this.#reader.task(this.#namespace, taskId);
    this.#report({ sessionId: task?.sessionId ?? '', taskId, message });
  }
}

type Key = Pick<Dependency, 'taskId' | 'dependencyId'>;

function compareKeys(a: Key, b: Key): number {
  return compareCodePoints(a.taskId, b.taskId) || compareCodePoints(a.dependencyId, b.dependencyId);
}

function said({ dependencyId, seq, status }: DependencyEnd): string {
  return `the end of ${dependencyId} (${status}, event ${seq} of its session)`;
}
