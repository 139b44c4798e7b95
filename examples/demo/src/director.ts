import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventRecord, Orchestrator, Verification } from '@agent-orchestrator/core';
import { openOrchestrator, urlOfFile } from '@agent-orchestrator/runtime';
import { AgentProcess } from './agent-process.ts';
import { DemoLog } from './demo-log.ts';
import type { Paint } from './paint.ts';
import { checkPromises, type Checked } from './promises.ts';
import { COMPANY, HOME, positionOf, readLog, type TaskStory } from './read-log.ts';
import { playRun } from './run-act.ts';
import { Screen } from './screen.ts';
import { bySize, findSources, type Sources } from './source-folders.ts';

/** Short, so that the demo is short: the other agent waits this long for the session of a dead agent. */
const SHORT_LEASE_MS = 2_000;
/** Long, to show that the restarted agent need not wait for its end. */
const LONG_LEASE_MS = 60_000;
/** The largest folder takes about this long, so that people can watch. */
const LONGEST_TASK_MS = 2_500;

export interface DemoOptions {
  readonly print: (line: string) => void;
  readonly paint: Paint;
  /** Ends the demo, which then rejects. */
  readonly interrupted: AbortSignal;
  /** Folder of the command line's package. Its files, or those of this repository, are counted and hashed. */
  readonly installed: string;
  /** Paths of the programs that are started: the command line, and the bundled `agent-program`. */
  readonly programs: { readonly orchestrator: string; readonly agent: string };
  /** A planted fault that the checks must find. */
  readonly startOver: boolean;
}

export interface DemoResult extends Checked {
  readonly store: string;
  /** Of the store's file. */
  readonly path: string;
  readonly stories: readonly TaskStory[];
  readonly partsWrittenTwice: number;
  readonly verification: Verification;
  readonly asOf: number;
}

/** Plays the demo. Every step waits for the log, none for a clock. */
export async function playDemo(options: DemoOptions): Promise<DemoResult> {
  // A umask may take bits that the owner needs of what the demo, its agents and its commands make.
  process.umask(0o077);
  const folder = await mkdtemp(join(tmpdir(), 'orchestrator-demo-'));
  const path = join(folder, 'demo.db');
  const store = await urlOfFile(path);
  await using orchestrator = await openOrchestrator(store);
  const sources = findSources(options.installed);
  const screen = new Screen(options.print, options.paint, await orchestrator.now());
  await enqueue(orchestrator, sources);
  const files = sources.folders.reduce((sum, { files }) => sum + files.length, 0);
  const what = `count and hash the ${files} files of ${sources.root}, with a checkpoint after each file`;
  options.print(`${sources.folders.length} tasks: ${what}.`);
  options.print('');

  const log = await DemoLog.follow(orchestrator, (event) => screen.tell(event));
  const running = new Set<AgentProcess>();
  const start = (agent: string, run: number, leasesMs: readonly number[]) => {
    const started = new AgentProcess(options.programs.agent, {
      store,
      agent,
      instance: `${agent}-${run}`,
      ttlsMs: leasesMs,
      notes: join(folder, `${agent}.notes`),
      restarted: run > 1,
      startOver: options.startOver && agent === HOME,
    });
    running.add(started);
    screen.say(Date.now(), run > 1 ? '▶ restarted' : '▶ started  ', agent, `process ${started.pid}`);
    return started;
  };
  try {
    await Promise.race([perform(log, screen, start), aborted(options.interrupted)]);
  } finally {
    for (const agent of running) agent.kill();
    // When the demo ends, none of them is left.
    await Promise.allSettled([...running].map(({ ended }) => ended));
    await log.end();
  }
  const { events } = log;
  const { print, paint } = options;
  const run = await playRun({
    orchestrator,
    program: options.programs.orchestrator,
    store,
    folder,
    print,
    paint,
    interrupted: aborted(options.interrupted),
  });
  const asOf = await orchestrator.asOf();
  const verification = await orchestrator.verify();
  const checked = checkPromises(events, verification);
  return {
    store,
    path,
    stories: readLog(events),
    partsWrittenTwice: run.partsWrittenTwice,
    verification,
    asOf,
    ...checked,
    broken: [...checked.broken, ...run.broken],
  };
}

type Start = (agent: string, run: number, leasesMs: readonly number[]) => AgentProcess;

async function perform(log: DemoLog, screen: Screen, start: Start): Promise<void> {
  const company = start(COMPANY, 1, [SHORT_LEASE_MS, LONG_LEASE_MS]);
  await Promise.race([log.until((events) => storiesOf(events, COMPANY).length === 2), rejection(company)]);
  const home = start(HOME, 1, [SHORT_LEASE_MS]);
  const alive = Promise.race([rejection(company), rejection(home)]);

  await Promise.race([log.until((events) => storiesOf(events, COMPANY).every(isInTheMiddle)), alive]);
  company.kill();
  await company.ended;
  const held = storiesOf(log.events, COMPANY).map(
    (story) => `${story.sessionId} ${positionOf(story)} of ${story.files.length}`,
  );
  screen.say(Date.now(), '✗ kill -9  ', COMPANY, `in the middle: ${held.join(', ')}`);

  await Promise.race([log.until((events) => storiesOf(events, COMPANY).some(isContinuedBy(HOME))), alive]);
  const restarted = start(COMPANY, 2, [SHORT_LEASE_MS, SHORT_LEASE_MS]);
  await Promise.all([restarted.ended, home.ended]);
}

/** Rejects when the signal is aborted, and never resolves. */
async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw new Error('The demo was interrupted.', { cause: signal.reason });
}

/** Rejects when the process fails, and never resolves. */
async function rejection(agent: AgentProcess): Promise<void> {
  await agent.ended;
  await new Promise(() => {});
}

/** The tasks that an agent claimed first, after its first start. */
function storiesOf(events: readonly EventRecord[], agent: string): TaskStory[] {
  return readLog(events)
    .filter(({ leases }) => leases[0]?.agent === agent)
    .slice(0, 2);
}

function isInTheMiddle(story: TaskStory): boolean {
  return positionOf(story) >= Math.max(1, Math.floor(story.files.length / 3));
}

function isContinuedBy(agent: string) {
  return ({ leases }: TaskStory) =>
    leases.some((lease, at) => at > 0 && lease.agent === agent && lease.done.length > 0);
}

async function enqueue(orchestrator: Orchestrator, { root, folders }: Sources): Promise<void> {
  const largestFirst = folders.toSorted(bySize);
  const paceMs = Math.round(LONGEST_TASK_MS / (largestFirst[0]?.files.length ?? 1));
  await orchestrator.enqueueTasks(
    largestFirst.map(({ name, files }, at) => ({
      sessionId: name,
      kind: 'hash-folder',
      title: `Count and hash the ${files.length} files of ${name}`,
      // The two largest first: they must take long enough to be killed in the middle.
      priority: at < 2 ? 1 : 5,
      payload: { root, files, paceMs },
    })),
  );
}
