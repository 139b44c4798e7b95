/*
 * The examples do what their READMEs say:
 *  - killed in the middle, an example continues after the last page that it saved, and the task succeeds
 *  - asked to stop, it gives the task back, and no attempt is charged
 *  - the script says with its exit code that there is nothing to do
 *  - a script whose lease another run took over stops, and changes nothing any more
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { root, runsTypeScript } from './support/readme.ts';

const TIMEOUT_MS = 60_000;
const PAGES = ['page 1', 'page 2', 'page 3', 'page 4', 'page 5'];

/** As it is started by its README; `stopped` is how it ends when it is asked to. */
const EXAMPLES = [
  { name: 'worker', command: [process.execPath, 'worker.ts'], stopped: 0 },
  { name: 'shell', command: ['./page-by-page.sh'], stopped: 143 },
] as const;
type Example = (typeof EXAMPLES)[number];

// Elsewhere there is no bash for the script, and no process sees at once that a worker is dead.
const isLinux = process.platform === 'linux';
const runnable = EXAMPLES.filter(({ name }) => name !== 'worker' || runsTypeScript);

describe.runIf(isLinux).each(runnable)('examples/$name', (example) => {
  test(
    'killed in the middle, it continues after the last page that it saved',
    async () => {
      await using place = await newPlace();
      await place.orchestrator.enqueueTask({ id: 'handbook', title: 'Translate', payload: { pages: 5 } });

      const killed = place.start(example);
      const first = await linesUntil(killed, 'page 2');
      await kill(killed, 'SIGKILL');
      const restarted = place.start(example);
      const second = await linesUntil(restarted, 'page 5');
      await place.untilEnded('handbook');
      await kill(restarted, 'SIGTERM');

      const task = await place.orchestrator.getTask('handbook');
      // A page is told after it was saved, so a kill between the two may hide one, and none is told twice.
      expect(new Set([...first, ...second]).size).toBe(first.length + second.length);
      expect(PAGES.filter((page) => ![...first, ...second].includes(page)).length).toBeLessThanOrEqual(1);
      expect(await place.pages()).toEqual(PAGES.map((page) => `${page.replace(' ', '-')}.txt`));
      expect(task).toMatchObject({ status: 'succeeded', result: { pages: 5 }, attempt: 1, interruptions: 1 });
      expect(await place.orchestrator.verify()).toMatchObject({ ok: true });
    },
    TIMEOUT_MS,
  );

  test(
    'asked to stop, it gives the task back, and no attempt is charged',
    async () => {
      await using place = await newPlace();
      await place.orchestrator.enqueueTask({ id: 'handbook', title: 'Translate', payload: { pages: 1_000 } });

      const working = place.start(example);
      await linesUntil(working, 'page 1');
      const exit = await kill(working, 'SIGTERM');

      const task = await place.orchestrator.getTask('handbook');
      expect(exit).toBe(example.stopped);
      expect(task).toMatchObject({ status: 'queued', attempt: 0, interruptions: 0 });
    },
    TIMEOUT_MS,
  );
});

describe.runIf(isLinux)('examples/shell', () => {
  const shell = EXAMPLES[1];

  test(
    'it says with its exit code that there is nothing to do',
    async () => {
      await using place = await newPlace();

      const [exit] = (await once(place.start(shell), 'close')) as [number | null];

      expect(exit).toBe(75);
      expect(await place.pages()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'taken over by another run, it stops, and changes nothing any more',
    async () => {
      await using place = await newPlace();
      await place.orchestrator.enqueueTask({ id: 'handbook', title: 'Translate', payload: { pages: 1_000 } });

      const working = place.start(shell);
      const ended = once(working, 'close') as Promise<[number | null]>;
      await linesUntil(working, 'page 1');
      const taken = await place.orchestrator.claimTask({ agent: 'translator', resume: true, sessionId: 'handbook' });
      const [exit] = await ended;

      expect(taken.ok).toBe(true);
      expect(exit).toBe(77);
      expect(await place.orchestrator.getTask('handbook')).toMatchObject({ status: 'running', attempt: 1 });
    },
    TIMEOUT_MS,
  );
});

/** A store of its own, and the environment in which an example finds it. */
async function newPlace() {
  const folder = await mkdtemp(join(tmpdir(), 'examples-'));
  const store = `sqlite:${join(folder, 'store.db')}`;
  const orchestrator = await openOrchestrator(store);
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:ORCH|OPENCLAW)/u.test(name));
  const env = {
    ...Object.fromEntries(kept),
    HOME: folder,
    PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
    ORCHESTRATOR_STORE: store,
    PAGES: join(folder, 'pages'),
  };
  return {
    orchestrator,
    start: ({ name, command: [file, ...words] }: Example): ChildProcess => {
      const cwd = join(root, 'examples', name);
      // A group of its own, so that a kill takes what the script has started with it.
      const child = spawn(file, words, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => signal(child, 'SIGKILL'));
      return child;
    },
    pages: () =>
      readdir(join(folder, 'pages')).then(
        (names) => names.toSorted(),
        () => [],
      ),
    untilEnded: async (taskId: string) => {
      const changed = Promise.withResolvers<void>();
      const look = async () => {
        if ((await orchestrator.getTask(taskId))?.status === 'succeeded') changed.resolve();
      };
      const unwatch = await orchestrator.watch(() => void look());
      await look();
      await changed.promise;
      await unwatch();
    },
    [Symbol.asyncDispose]: async () => {
      await orchestrator[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** The lines that it prints, up to and with this one. */
async function linesUntil(child: ChildProcess, last: string): Promise<string[]> {
  const lines: string[] = [];
  if (child.stdout === null) throw new Error('the example has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line === last) return lines;
  }
  throw new Error(`the example ended after: ${lines.join(', ')}`);
}

/** Sends a signal to the example and all that it has started; its exit code. */
async function kill(child: ChildProcess, name: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit') as Promise<[number | null]>;
  signal(child, name);
  const [exit] = await ended;
  return exit;
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // It has ended.
  }
}
