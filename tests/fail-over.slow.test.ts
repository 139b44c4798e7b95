// What the fail-over page tells an operator to type, with a real primary and a real standby:
// - a standby that replicates asynchronously lacks what was acknowledged after it was cut off
// - the page's commands list exactly that
// - lost tasks are added again by the page's command, and done
// - a standby that replicates synchronously lacks nothing that was acknowledged
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Cluster } from '../packages/storage-postgres/test/harness/cluster.ts';
import { createDatabase, prepareTemplate, withAdmin } from '../packages/storage-postgres/test/harness/databases.ts';
import { Proxy } from '../packages/storage-postgres/test/harness/proxy.ts';
import { commandsIn, commandsOf, doneIn, logOf, Operator } from './support/operator.ts';
import { runsTypeScript } from './support/readme.ts';

const BUSY = { timeout: 60_000 };
const SLOW_MS = 240_000;
/** A busy machine takes its time to write down what a server still holds. */
const REMOVAL_MS = 60_000;
const WORKERS = 3;

test.runIf(runsTypeScript)(
  'the commands list exactly what a standby that was behind lacks, and lost tasks are added again',
  async () => {
    await using pair = await startPair('asynchronous');
    const { operator, primary, standby, database } = pair;
    const [addAgain = ''] = await commandsOf('repair');

    const { typed, missing } = await failOver(pair, async () => {
      // Done by the workers, and not known to the standby.
      operator.writeTasks(20);
      await operator.typeWell(addAgain);
      await expect.poll(() => doneIn(primary.reach(database)), BUSY).toHaveLength(60);
    });

    await primary.start();
    const [was, is] = [await commandsIn(primary.reach(database)), await commandsIn(standby.reach(database))];
    const lost = operator.acknowledged().filter((id) => was.has(id) && !is.has(id));
    expect(lost.length).toBeGreaterThanOrEqual(40);
    expect(missing).toEqual(lost.toSorted());
    expect(typed).toMatchObject({ exit: 1 });
    expect(typed.stdout).toContain(`${lost.length} acknowledged operations are missing (`);
    for (const id of lost) expect(typed.stdout).toContain(id);

    expect(await doneIn(standby.reach(database))).toHaveLength(40);
    await operator.typeWell(addAgain);
    await expect.poll(() => doneIn(standby.reach(database)), BUSY).toHaveLength(60);
    await operator.stopWorkers();
    expect(await operator.missing()).toEqual(missing);
  },
  SLOW_MS,
);

test.runIf(runsTypeScript)(
  'a synchronous standby lacks nothing that was acknowledged',
  async () => {
    await using pair = await startPair('synchronous');
    const { operator, primary, standby, database } = pair;

    const { typed, missing } = await failOver(pair, async () => {
      const acknowledged = operator.acknowledged();
      operator.writeTasks(20);
      const [addAgain = ''] = await commandsOf('repair');
      void operator.type(addAgain);
      await expect.poll(() => waitingForStandby(primary), BUSY).toBeGreaterThan(0);
      // Nothing is answered any more that writes.
      await pause(3_000);
      expect(operator.acknowledged()).toEqual(acknowledged);
      expect(acknowledged.length).toBeGreaterThanOrEqual(80);
    });

    expect(missing).toEqual([]);
    expect(typed).toMatchObject({ exit: 0, stdout: expect.stringContaining('none is missing') });
    await primary.start();
    const kept = await logOf(standby.reach(database));
    const hashes = new Set(kept.map(({ hash }) => hash));
    // Committed on the primary, answered to no caller, and sent again to the standby.
    expect((await logOf(primary.reach(database))).filter(({ hash }) => !hashes.has(hash)).length).toBeGreaterThan(0);
    const commands = new Set(kept.map(({ commandId }) => commandId));
    expect(operator.acknowledged().filter((id) => !commands.has(id))).toEqual([]);
    await operator.stopWorkers();
  },
  SLOW_MS,
);

type Pair = Awaited<ReturnType<typeof startPair>>;

/**
 * Workers are at their tasks. The standby is cut off, `meanwhile` happens, and the primary dies.
 * Then the operator does what the page says.
 *
 * @returns what the page's last command said, and what is missing
 */
async function failOver({ operator, primary, standby, wire, front }: Pair, meanwhile: () => Promise<void>) {
  const [run = ''] = await commandsOf('journals');
  const [promote = '', check = ''] = await commandsOf('failOver');
  const [addTasks = ''] = await commandsOf('repair');
  const { env } = operator;
  operator.writeTasks(40);
  await operator.typeWell(addTasks);
  await operator.typeWell(run);
  for (let worker = 0; worker < WORKERS; worker += 1) operator.startWorker();
  await expect.poll(() => operator.journals().length, BUSY).toBe(1 + WORKERS);
  await expect.poll(() => doneIn(env['ORCHESTRATOR_STORE'] ?? ''), BUSY).toHaveLength(40);
  await untilReplicated(primary, standby);

  await wire.close();
  await meanwhile();
  await primary.crash();

  await operator.typeWell(promote);
  front.redirect(standby.url);
  await expect.poll(async () => (await operator.type('orchestrator status')).exit, BUSY).toBe(0);
  const typed = await operator.type(check);
  return { typed, missing: await operator.missing() };
}

/** A primary, a standby, the proxy between them, and an operator whose agents use the store through another proxy. */
async function startPair(replication: 'asynchronous' | 'synchronous') {
  const primary = await Cluster.start({ settings: ['max_connections=100'] });
  onTestFinished(() => primary.remove(), REMOVAL_MS);
  await prepareTemplate(primary.url);
  const { url: database } = await createDatabase(primary.url);
  const wire = await Proxy.before(primary.url);
  onTestFinished(() => wire.close());
  const standby = await primary.startStandby(wire.through(primary.url));
  onTestFinished(() => standby.remove(), REMOVAL_MS);
  if (replication === 'synchronous')
    await withAdmin(primary.url, async (sql) => {
      await sql.unsafe(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
      await sql.unsafe('SELECT pg_reload_conf()');
    });
  const front = await Proxy.before(primary.url);
  onTestFinished(() => front.close());
  const operator = await Operator.withHome();
  Object.assign(operator.env, { ORCHESTRATOR_STORE: front.through(database), STANDBY: standby.url });
  return {
    primary,
    standby,
    database,
    wire,
    front,
    operator,
    [Symbol.asyncDispose]: () => operator[Symbol.asyncDispose](),
  };
}

/** How many transactions wait for the standby. */
async function waitingForStandby(primary: Cluster): Promise<number> {
  return withAdmin(primary.url, async (sql) => {
    const [row] = await sql<{ waiting: number }[]>`SELECT count(*)::int AS waiting FROM pg_stat_activity
      WHERE wait_event = 'SyncRep'`;
    return row?.waiting ?? 0;
  });
}

/** Waits until the standby shows all that the primary has written so far. */
async function untilReplicated(primary: Cluster, standby: Cluster): Promise<void> {
  const [written] = await withAdmin(
    primary.url,
    (sql) => sql<{ lsn: string }[]>`SELECT pg_current_wal_lsn()::text AS lsn`,
  );
  const isHere = () =>
    withAdmin(standby.url, async (sql) => {
      const lsn = written?.lsn ?? '';
      const [row] = await sql<{ here: boolean }[]>`SELECT pg_last_wal_replay_lsn() >= ${lsn}::pg_lsn AS here`;
      return row?.here;
    });
  await expect.poll(isHere, BUSY).toBe(true);
}
