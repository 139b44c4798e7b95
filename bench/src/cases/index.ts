import type { BenchCase, SubjectOf } from '../bench-case.ts';
import { openCallers } from '../product.ts';
import { oldSnapshot } from '../postgres/old-snapshot.ts';
import { postgres } from '../postgres/subject.ts';
import { sqlite } from '../sqlite/subject.ts';
import type { Synchronous } from '../subject.ts';
import { backlogCase } from './backlog.ts';
import { batchesCase } from './batches.ts';
import { callersCase } from './callers.ts';
import { enqueue } from './enqueue.ts';
import { idle } from './idle.ts';
import { peers } from './peers.ts';
import { processesCase } from './processes.ts';
import { wake } from './wake.ts';

const onSqlite =
  (synchronous: Synchronous): SubjectOf =>
  async ({ folder }) =>
    sqlite(folder, synchronous);
const onPostgres: SubjectOf = async ({ server }) => postgres(await server());

/** All that is measured, in the order in which it is told. */
export const CASES: readonly BenchCase[] = [
  callersCase({
    name: 'one-caller',
    subjectOf: onSqlite('NORMAL'),
    callers: 1,
    floorCallers: 1,
    course: { turns: 8, unitsPerTurn: 500 },
    target: { atLeast: 0.6 },
  }),
  callersCase({
    name: 'fifty-callers',
    subjectOf: onSqlite('FULL'),
    callers: 50,
    floorCallers: 1,
    course: { turns: 8, unitsPerTurn: 500 },
    target: { atLeast: 2 },
  }),
  processesCase({
    name: 'four-processes',
    subjectOf: onSqlite('FULL'),
    callers: 1,
    floors: ['floor_waiting', 'floor_retrying'],
    turnMs: 400,
    target: { atLeast: 0.8 },
  }),
  enqueue,
  batchesCase({
    name: 'batches',
    subjectsOf: [onSqlite('FULL'), onSqlite('NORMAL')],
    course: { turns: 8, unitsPerTurn: 500 },
    against: 'ours, one by one',
    openOther: (_subject, store) => openCallers(store, 1),
    target: { atLeast: 3 },
  }),
  backlogCase({ name: 'backlog', subjectOf: onSqlite('NORMAL') }),

  callersCase({
    name: 'postgres-one-caller',
    subjectOf: onPostgres,
    callers: 1,
    floorCallers: 1,
    course: { turns: 8, unitsPerTurn: 150 },
    target: { atLeast: 0.45 },
  }),
  callersCase({
    name: 'postgres-fifty-callers',
    subjectOf: onPostgres,
    callers: 50,
    floorCallers: 50,
    course: { turns: 6, unitsPerTurn: 500 },
    target: { atLeast: 1.4 },
  }),
  processesCase({
    name: 'postgres-four-processes',
    subjectOf: onPostgres,
    callers: 10,
    floors: ['floor'],
    turnMs: 1_000,
    target: { atLeast: 1 },
  }),
  batchesCase({
    name: 'postgres-batches',
    subjectsOf: [onPostgres],
    course: { turns: 5, unitsPerTurn: 400 },
    against: 'floor, one caller',
    openOther: (subject, store, sample) => subject.openFloor(store, { sample, callers: 1, process: 0 }),
    target: { atLeast: 5 },
  }),
  backlogCase({ name: 'postgres-backlog', subjectOf: onPostgres, burden: oldSnapshot }),
  peers,
  wake,
  idle,
];
