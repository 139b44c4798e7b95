import type { Session, Task } from '@agent-orchestrator/core';
import { QueryError, type Moment, type PageReads } from './page-reads.ts';

/** Something whose id or number is near one that is not there. */
export interface Near {
  readonly id: string;
  readonly number: number | null;
  readonly title: string | null;
}

/** A page about something that is not there: it names what the reader may have meant. */
export class MissingError extends QueryError {
  readonly missing: 'task' | 'session' | 'event';
  readonly near: readonly Near[];

  constructor(missing: MissingError['missing'], near: readonly Near[]) {
    super(`There is no such ${missing}.`, 404, 'NOT_FOUND');
    this.missing = missing;
    this.near = near;
  }
}

type Row = Pick<Task | Session, 'id' | 'number' | 'createdAt'> & { readonly title?: string };
type Side = { readonly before: string } | { readonly after: string };

const SHOWN = 5;
/** Numbers to each side. Some of them are those of the other kind: tasks and sessions are counted together. */
const STEPS = 5;

export async function missingTask(reads: PageReads, asked: string, moment: Moment): Promise<MissingError> {
  const { log, orchestrator, follower } = reads;
  const namespace = orchestrator.defaultNamespace;
  const near = /^t\d+$/.test(asked)
    ? await byNumber(asked, follower.history.tasks.numberMax, (name) => orchestrator.getTask(name))
    : await byId(asked, (side) => log.tasks({ namespace, limit: SHOWN, ...side }));
  return new MissingError('task', shown(near, moment));
}

export async function missingSession(reads: PageReads, asked: string, moment: Moment): Promise<MissingError> {
  const { log, orchestrator, follower } = reads;
  const namespace = orchestrator.defaultNamespace;
  const near = /^s\d+$/.test(asked)
    ? await byNumber(asked, follower.history.sessionNumberMax, (name) => orchestrator.getSession(name))
    : await byId(asked, (side) => log.sessions({ namespace, limit: SHOWN, ...side }));
  return new MissingError('session', shown(near, moment));
}

/** The ids that begin like it come first: the index of ids has them beside each other. */
async function byId(
  asked: string,
  read: (side: Side) => Promise<{ readonly items: readonly Row[] }>,
): Promise<readonly Row[]> {
  const [before, after] = await Promise.all([read({ before: asked }), read({ after: asked })]);
  const found = [...after.items, ...before.items];
  return found.toSorted((a, b) => alike(b.id, asked) - alike(a.id, asked));
}

/** How many characters two texts have in common at their begin. */
function alike(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

/** The numbers beside it; the greatest ones, if it is greater than all. Each is looked up. */
async function byNumber(
  asked: string,
  greatest: number,
  read: (name: string) => Promise<Row | null>,
): Promise<readonly Row[]> {
  const middle = Math.min(Number(asked.slice(1)), greatest + 1);
  const numbers = Array.from({ length: STEPS }, (_, step) => [middle - 1 - step, middle + 1 + step]).flat();
  const inRange = numbers.filter((one) => one > 0 && one <= greatest);
  const found = await Promise.all(inRange.map((one) => read(`${asked.slice(0, 1)}${one}`)));
  return found.filter((row) => row !== null);
}

/** Those that were there at the moment. */
function shown(found: readonly Row[], { at }: Moment): readonly Near[] {
  const there = found.filter(({ createdAt }) => createdAt <= at);
  return there.slice(0, SHOWN).map(({ id, number, title = null }) => ({ id, number, title }));
}
