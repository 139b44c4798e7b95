import postgres from 'postgres';
import { payloadOf, type Payload } from '../tasks.ts';
import { Callers } from './callers.ts';
import type { Contestant, Seat, Tally } from './contestant.ts';

/*
 * The floor on Postgres: the same tables as the floor on SQLite, and one prepared statement, one round trip and one
 * commit for a claim, and for a completion.
 */
const TABLES = `
  CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue text NOT NULL, state text NOT NULL,
    priority int NOT NULL, due_at timestamptz NOT NULL, payload jsonb NOT NULL, tries int NOT NULL,
    fence bigint NOT NULL, owner text, lease_until timestamptz, result jsonb, created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
  ) WITH (fillfactor = 70);
  CREATE INDEX jobs_waiting ON jobs (queue, priority, due_at, id) WHERE state = 'waiting';
  CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'running';
  CREATE TABLE log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, job bigint NOT NULL, type text NOT NULL, fence bigint NOT NULL,
    owner text, at timestamptz NOT NULL DEFAULT now(), data jsonb
  );
  CREATE INDEX log_of_job ON log (job);`;

const ENQUEUE = `
  WITH added AS (
    INSERT INTO jobs (queue, state, priority, due_at, payload, tries, fence, created_at, changed_at)
    SELECT 'main', 'waiting', 0, now(), payload, 0, 0, now(), now() FROM jsonb_array_elements($1) AS one (payload)
    RETURNING id
  )
  INSERT INTO log (job, type, fence) SELECT id, 'queued', 0 FROM added`;

const CLAIM = `
  WITH first AS (
    SELECT id FROM jobs WHERE queue = 'main' AND state = 'waiting' AND due_at <= now()
    ORDER BY priority, due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE jobs SET state = 'running', owner = $1, fence = fence + 1, tries = tries + 1,
      lease_until = now() + interval '30 seconds', changed_at = now()
    FROM first WHERE jobs.id = first.id RETURNING jobs.id, fence, payload
  ), logged AS (
    INSERT INTO log (job, type, fence, owner) SELECT id, 'claimed', fence, $1 FROM taken
  )
  SELECT id, fence, payload FROM taken`;

// The fence alone tells whose the lease is. With the state as a condition, the planner may walk the index of leases.
const COMPLETE = `
  WITH finished AS (
    UPDATE jobs SET state = 'done', lease_until = NULL, result = '{}', changed_at = now()
    WHERE id = $1 AND fence = $2 RETURNING id, fence
  )
  INSERT INTO log (job, type, fence, owner, data) SELECT id, 'done', fence, $3, '{}' FROM finished`;

const OWNER = 'bench';
const PREPARED = { prepare: true } as const;

interface Job {
  readonly id: string;
  readonly fence: string;
  readonly payload: Payload;
}

export async function openRawPostgres({ url, callers, isFirst }: Seat): Promise<Contestant> {
  const sql = postgres(url, { max: callers, onnotice: () => {} });
  if (isFirst) await sql.unsafe(TABLES);
  const loops = new Callers(callers, () => ({
    async turn(onTask) {
      const [job] = await sql.unsafe<Job[]>(CLAIM, [OWNER], PREPARED);
      if (job === undefined) return 0;
      onTask(job.payload.lines);
      const { count } = await sql.unsafe(COMPLETE, [job.id, job.fence, OWNER], PREPARED);
      if (count !== 1) throw new Error(`job ${job.id} is another worker's`);
      return 1;
    },
  }));
  return {
    async enqueue(tasks) {
      await sql.unsafe(ENQUEUE, [sql.json(tasks.map((task) => ({ ...payloadOf(task) })))], PREPARED);
    },
    start: (onTask) => loops.start(onTask),
    stop: () => loops.stop(),
    finish: (onTask) => loops.finish(onTask),
    tally: () => tallyOf(sql),
    close: () => sql.end(),
  };
}

async function tallyOf(sql: postgres.Sql): Promise<Tally> {
  const rows = await sql<{ state: string; count: number }[]>`SELECT state, count(*)::int FROM jobs GROUP BY state`;
  const count = (state: string): number => rows.find((row) => row.state === state)?.count ?? 0;
  return { done: count('done'), waiting: count('waiting'), held: count('running'), failed: 0 };
}
