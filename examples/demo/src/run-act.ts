import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventRecord, Orchestrator } from '@agent-orchestrator/core';
import { shellWord } from '@agent-orchestrator/core';
import { printable } from '@agent-orchestrator/runtime/printable';
import type { Paint } from './paint.ts';
import { COMPANY } from './read-log.ts';
import { REPORT_PARTS, REPORT_SCRIPT } from './report-script.ts';
import { Terminal } from './terminal.ts';

const SESSION = 'report';
/** Its process is killed after this many parts. */
const KILLED_AFTER = 2;

export interface RunActOptions {
  readonly orchestrator: Orchestrator;
  /** Path of the command line's program. */
  readonly program: string;
  readonly store: string;
  readonly folder: string;
  readonly print: (line: string) => void;
  readonly paint: Paint;
  readonly interrupted: Promise<never>;
}

/** The result of the second act, from the log. */
export interface RunStory {
  readonly partsWrittenTwice: number;
  readonly broken: readonly string[];
}

/** Runs a script under a lease, kills it and continues it, with the commands that a user types. */
export async function playRun(options: RunActOptions): Promise<RunStory> {
  const { orchestrator, program, store, folder, print, paint, interrupted } = options;
  await writeFile(join(folder, 'write-report.mjs'), REPORT_SCRIPT);
  print('');
  print(
    `A script in ${REPORT_PARTS} parts, write-report.mjs, under a lease of two minutes. The commands, in ${folder}:`,
  );
  print('');
  const agent = shellWord(COMPANY);
  const address = printable(shellWord(store));
  print(paint('bold', `$ export ORCHESTRATOR_STORE=${address} ORCHESTRATOR_AGENT=${agent}`));
  const env = { ORCHESTRATOR_STORE: store, ORCHESTRATOR_AGENT: COMPANY };
  const terminal = new Terminal({ program, print, paint, folder, env });
  try {
    await Promise.race([perform(terminal, print, paint), interrupted]);
  } finally {
    await terminal.close();
  }
  return judge(await eventsOf(orchestrator));
}

async function perform(terminal: Terminal, print: (line: string) => void, paint: Paint): Promise<void> {
  const run = ['run', '--session', SESSION, '--', 'node', 'write-report.mjs'];
  await terminal.type(['task', 'create', 'Write the report', '--session', SESSION]);

  const written = Promise.withResolvers<void>();
  let script = 0;
  const first = terminal.start(run, (line) => {
    script = Number(/^process (\d+)$/.exec(line)?.[1] ?? script);
    if (line.startsWith(`part ${KILLED_AFTER} `)) written.resolve();
  });
  const ended = first.ended.then((code) => written.reject(new Error(`run ended too early, with exit code ${code}`)));
  await written.promise;

  print(`  ${paint('red', '✗ kill -9')} of process ${first.pid}, orchestrator run; the script, ${script}, is alive`);
  first.kill();
  await ended;
  await terminal.type(['why', SESSION]);

  killGroup(script);
  print(`  ${paint('red', '✗ kill -9')} of the script and its children, process group ${script}`);
  await terminal.type(['why', SESSION]);
  await terminal.type(['resume', SESSION]);
  await terminal.type(run.toSpliced(3, 0, '--resume'));
}

/** `run` starts its command in a process group of its own. A checkpoint that is under way would keep the lease. */
function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // On a very slow machine it may have ended.
  }
}

async function eventsOf(orchestrator: Orchestrator): Promise<readonly EventRecord[]> {
  const { items } = await orchestrator.listEvents({ sessionId: SESSION, limit: 200 });
  return items;
}

/** Checks the promises of the act on the log. */
export function judge(events: readonly EventRecord[]): RunStory {
  const parts = events.flatMap(({ type, payload }) =>
    type === 'session.checkpointed' ? [(payload as { data: number }).data] : [],
  );
  const partsWrittenTwice = parts.length - new Set(parts).size;
  const taken = events.find(({ type }) => type === 'lease.taken_over' || type === 'task.recovered');
  const { expires_at: expiresAt = 0 } = (taken?.payload ?? {}) as { expires_at?: number };
  const promises: readonly (readonly [promise: string, kept: boolean])[] = [
    ['the script of a killed run continues after its last checkpoint', parts.every((part, at) => part === at + 1)],
    ['all parts are written', parts.length === REPORT_PARTS],
    ['the session of a killed run is taken back before its lease is over', taken !== undefined && taken.at < expiresAt],
    ['the task of run succeeds, once', events.filter(({ type }) => type === 'task.succeeded').length === 1],
  ];
  return { partsWrittenTwice, broken: promises.flatMap(([promise, kept]) => (kept ? [] : [promise])) };
}
