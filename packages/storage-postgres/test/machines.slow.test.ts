/*
 * Two machines, one server between them, and all of it fails again and again: workers are killed and stand still,
 * connections are cut after COMMIT, fall silent and slow down, the server is killed.
 *  - every task succeeds exactly once, every acknowledged command has one effect, zombies are refused, and `verify()`
 *    is clean
 *  - a storage that forgets what it answered is found out by connections that are cut
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  keptIfItFails,
  runProcesses,
  seedOfRun,
  type Incident,
  type Random,
} from '@agent-orchestrator/storage-conformance';
import { expect, onTestFinished, test } from 'vitest';
import { Cluster } from './harness/cluster.ts';
import { createDatabase, prepareTemplate } from './harness/databases.ts';
import { addNetworkMachines } from './harness/machines.ts';
import { Proxy } from './harness/proxy.ts';
import { newDatabase } from './open-database.ts';

/** A busy machine takes its time to write down what a server still holds. */
const REMOVAL_MS = 60_000;
const LEASES = { ttlMs: 1_500, staleAfterMs: 1_500 };

test('two machines do 1,000 tasks on a server that fails, each exactly once', { timeout: 240_000 }, async () => {
  const cluster = await Cluster.start({ settings: ['max_connections=200'] });
  onTestFinished(() => cluster.remove(), REMOVAL_MS);
  await prepareTemplate(cluster.url);
  const { url } = await createDatabase(cluster.url);
  const { places, apartBy } = twoPlaces();
  const proxies = await Promise.all(places.map(({ gateway }) => proxyBefore(url, gateway)));

  const { errors, notOnce, violations, verification, figures } = await runProcesses({
    seed: seedOfRun(),
    folder: keptIfItFails(),
    child: new URL('open-process.ts', import.meta.url),
    address: url,
    machines: proxies.map((proxy, at) => ({
      // The proxy has to see a COMMIT when it passes.
      address: `${proxy.through(url)}?sslmode=disable`,
      command: places[at]?.command ?? [],
    })),
    workers: 8,
    tasks: 1_000,
    sharedSessions: 40,
    kills: 24,
    failpoints: 8,
    pauses: 8,
    tolerances: { uncommittedMs: 5_000 },
    incidents: [serverKilled(cluster, 3), cutAfterCommit(proxies, 14), silence(proxies, 2), slowness(proxies, 3)],
    ...LEASES,
    timeoutMs: 180_000,
  });

  const cuts = cutsOf(proxies);
  console.log(JSON.stringify({ ...figures, cuts, crashes: cluster.crashes, apartBy }));
  expect({ errors, notOnce, violations, findings: verification.findings }).toEqual({
    errors: [],
    notOnce: [],
    violations: [],
    findings: [],
  });
  expect(figures.kills).toBeGreaterThanOrEqual(20);
  expect(cluster.crashes).toBeGreaterThanOrEqual(3);
  expect(cuts).toBeGreaterThanOrEqual(10);
  expect(figures.refused, 'zombies on record').toBeGreaterThan(0);
  expect(figures.resent, 'commands sent again').toBeGreaterThan(0);
});

test('the run finds out a storage that forgets what it answered', { timeout: 120_000 }, async () => {
  const { url } = await newDatabase();
  const proxy = await proxyBefore(url);

  const { errors, notOnce, violations } = await runProcesses({
    seed: seedOfRun(),
    folder: keptIfItFails(),
    child: new URL('open-forgetful.ts', import.meta.url),
    address: proxy.through(url),
    workers: 4,
    tasks: 100,
    sharedSessions: 6,
    kills: 0,
    failpoints: 0,
    pauses: 0,
    incidents: [cutAfterCommit([proxy], 20)],
    ...LEASES,
    timeoutMs: 100_000,
  });

  expect(proxy.cuts).toBeGreaterThanOrEqual(10);
  expect([...errors, ...notOnce, ...violations].length).toBeGreaterThan(0);
});

function serverKilled(cluster: Cluster, times: number): Incident {
  return {
    name: 'server killed',
    times,
    happen: async (random) => {
      await cluster.crash();
      await pause(random.between(100, 1_500));
      await cluster.start();
    },
  };
}

function cutAfterCommit(proxies: readonly Proxy[], times: number): Incident {
  return {
    name: 'cut after COMMIT',
    times,
    happen: async (random) => void (oneOf(proxies, random).cutsLeft += 1),
  };
}

function silence(proxies: readonly Proxy[], times: number): Incident {
  return { name: 'silence', times, happen: async (random) => oneOf(proxies, random).silence() };
}

function slowness(proxies: readonly Proxy[], times: number): Incident {
  return {
    name: 'slowness',
    times,
    happen: async (random) => {
      const proxy = oneOf(proxies, random);
      proxy.delayMs = random.between(10, 100);
      await pause(2_000);
      proxy.delayMs = 0;
    },
  };
}

function oneOf(proxies: readonly Proxy[], random: Random): Proxy {
  return proxies[random.between(0, proxies.length - 1)] as Proxy;
}

function cutsOf(proxies: readonly Proxy[]): number {
  return proxies.reduce((sum, { cuts }) => sum + cuts, 0);
}

/** A proxy that goes with the test. */
async function proxyBefore(url: string, host?: string): Promise<Proxy> {
  const proxy = await Proxy.before(url, host);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Network namespaces where the system lets us; else the workers run beside each other, with a proxy for each group. */
function twoPlaces() {
  const machines = addNetworkMachines(2);
  if ('reason' in machines) {
    console.warn(`Network namespaces cannot be made here: the groups are separate PROCESSES only. ${machines.reason}`);
    const beside = { gateway: '127.0.0.1', command: [] };
    return { places: [beside, beside], apartBy: 'processes' };
  }
  onTestFinished(() => {
    for (const machine of machines) machine.remove();
  });
  console.log(`The groups run in network NAMESPACES: ${machines.map(({ name }) => name).join(', ')}.`);
  return { places: machines, apartBy: 'network namespaces' };
}
