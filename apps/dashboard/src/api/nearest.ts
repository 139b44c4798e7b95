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

  constructor(missing: MissingError['missing'], near: readonly Near[], code: 'NOT_FOUND' | 'NOT_YET' = 'NOT_FOUND') {
    super(`There ${code === 'NOT_FOUND' ? 'is' : 'was then'} no such ${missing}.`, 404, code);
    this.missing = missing;
    this.near = near;
  }
}

interface Row {
  readonly id: string;
  readonly number: number;
}
type Side = { readonly before: string } | { readonly after: string };

const SHOWN = 5;
/** Numbers to each side. Some of them are those of the other kind: tasks and sessions are counted together. */
const STEPS = 5;

/** What a page is about came after the moment. */
export function notYet(missing: MissingError['missing']): MissingError {
  return new MissingError(missing, [], 'NOT_YET');
}

/** Among the tasks of the moment. */
export async function missingTask(reads: PageReads, asked: string, moment: Moment): Promise<MissingError> {
  const { log, orchestrator, follower } = reads;
  const { tasks } = follower.history;
  const namespace = orchestrator.defaultNamespace;
  const number = numberIn(asked, 't');
  const known: Iterable<Row & { readonly title?: string }> = moment.isPast
    ? tasks.idsAt(moment.ordinal)
    : number !== null
      ? await found(around(number, tasks.numberMax), (one) => orchestrator.getTask(`t${one}`))
      : await byId(asked, (side) => log.tasks({ namespace, limit: SHOWN, ...side }));
  const titleOf = (id: string) => tasks.nameOf(tasks.numberOf(id))?.title ?? null;
  const near = nearest(known, number === null ? idsNear(asked) : numbersNear(number, tasks.numberMax));
  return new MissingError(
    'task',
    near.map((one) => ({ id: one.id, number: one.number, title: one.title ?? titleOf(one.id) })),
  );
}

/** Among the sessions of the moment. */
export async function missingSession(reads: PageReads, asked: string, moment: Moment): Promise<MissingError> {
  const { log, orchestrator, follower } = reads;
  const { history } = follower;
  const namespace = orchestrator.defaultNamespace;
  const number = numberIn(asked, 's');
  const known: Iterable<Row> = moment.isPast
    ? history.sessionIdsAt(moment.ordinal)
    : number !== null
      ? await found(around(number, history.sessionNumberMax), (one) => orchestrator.getSession(`s${one}`))
      : await byId(asked, (side) => log.sessions({ namespace, limit: SHOWN, ...side }));
  const near = nearest(known, number === null ? idsNear(asked) : numbersNear(number, history.sessionNumberMax));
  return new MissingError(
    'session',
    near.map((one) => ({ id: one.id, number: one.number, title: null })),
  );
}

/** The number in a number for people, such as `t42` or `s17`, which no id looks like; null: it is an id. */
function numberIn(asked: string, letter: 't' | 's'): number | null {
  return new RegExp(`^${letter}\\d+$`).test(asked) ? Number(asked.slice(1)) : null;
}

/** The index of ids has those beside each other that begin alike. */
async function byId<Found extends Row>(
  asked: string,
  read: (side: Side) => Promise<{ readonly items: readonly Found[] }>,
): Promise<readonly Found[]> {
  const pages = await Promise.all([read({ before: asked }), read({ after: asked })]);
  return pages.flatMap(({ items }) => items);
}

/** The numbers beside one; the greatest ones, if it is greater than all. */
function around(number: number, greatest: number): readonly number[] {
  const middle = Math.min(number, greatest + 1);
  const numbers = Array.from({ length: STEPS }, (_, step) => [middle - 1 - step, middle + 1 + step]).flat();
  return numbers.filter((one) => one > 0 && one <= greatest);
}

async function found<Found extends Row>(
  numbers: readonly number[],
  read: (number: number) => Promise<Found | null>,
): Promise<readonly Found[]> {
  return (await Promise.all(numbers.map(read))).filter((row) => row !== null);
}

type Compare = (one: Row, other: Row) => number;

/** The first ones, in an order: however many rows there are, only these are kept. */
function nearest<Known extends Row>(rows: Iterable<Known>, compare: Compare): readonly Known[] {
  let first: Known[] = [];
  for (const row of rows) {
    const last = first[SHOWN - 1];
    if (last === undefined || compare(row, last) < 0) first = [...first, row].toSorted(compare).slice(0, SHOWN);
  }
  return first;
}

/** The greatest ones, if what is asked for is greater than all. */
function numbersNear(number: number, greatest: number): Compare {
  const asked = Math.min(number, greatest + 1);
  return (one, other) => Math.abs(one.number - asked) - Math.abs(other.number - asked) || one.number - other.number;
}

/** Of those that begin as much alike, the one that is next to it in their order: after it, then before it. */
function idsNear(asked: string): Compare {
  return ({ id: one }, { id: other }) => {
    const likeness = alike(other, asked) - alike(one, asked);
    if (likeness !== 0 || one === other) return likeness;
    if (one < asked !== other < asked) return one < asked ? 1 : -1;
    return one < asked === one < other ? 1 : -1;
  };
}

/** How many characters two texts have in common at their begin. */
function alike(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}
