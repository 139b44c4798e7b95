import { randomUUID } from 'node:crypto';
import type { Lease, PublicLease } from '@agent-orchestrator/core';
import type {
  JournalOptions,
  JournalWriter,
  OnLost,
  RunOptions as RunUnderLease,
  RunResult,
} from '@agent-orchestrator/runtime';
import { InvalidArgumentError } from 'commander';
import type { Call } from '../call.ts';
import { interruption, signalOf } from '../interruption.ts';
import { claimOnce, claimWithin, type ClaimRequest } from '../claim-within.ts';
import { Failure, failureOf, usage } from '../failure.ts';
import { addClaimOptions, claimRequest, type ClaimOptions } from '../input/claim.ts';
import { parseDuration, parseFolder, parseInteger } from '../input/parse.ts';
import { document, toJson } from '@agent-orchestrator/runtime/wire-json';
import { printable } from '../output/printable.ts';
import type { Define } from '../command-module.ts';
import { claimRefused, mentionedBy } from '../refusals.ts';
import { exitOfRun } from '../run/exit-of-run.ts';
import { ResultFile } from '../run/result-file.ts';
import { endLine, failureOfRun, newsLine } from '../run/words.ts';

interface RunOptions extends ClaimOptions {
  readonly timeout?: number;
  readonly onLost?: string[];
  readonly resultFile?: string;
  readonly quietUnlessFailed?: true;
  readonly conflictExitCode?: number;
  readonly journal?: string;
}

const define: Define = (program, run) => {
  addClaimOptions(program.command('run'))
    .summary('run a command under a lease, and report how it came out')
    .description(DESCRIPTION)
    .usage('[options] -- <command...>')
    .argument('<command...>', 'the command and its arguments, after --; no shell reads them')
    .option('--timeout <duration>', 'end the command after so long: exit 124, the attempt has failed', parseTimeout)
    .option(
      '--on-lost <action...>',
      'when the lease is lost: term ends the command (default), warn only says so, exec CMD… runs another command first, while this one is paused (ORCHESTRATOR_PID); its words must not begin with a dash',
    )
    .option(
      '--result-file <file>',
      'write what came of it there, as JSON, for nobody else to read; only in the place of a regular file, or of none',
    )
    .option('--quiet-unless-failed', 'show what the command writes only if it fails')
    .option('--conflict-exit-code <n>', 'exit so, instead of 75, where there is nothing to claim', parseExitCode)
    .option('--journal <folder>', 'write the calls and their answers there, for `journal check`', parseFolder)
    .action(run<RunOptions, [string[]]>(runCommand));
};

const DESCRIPTION = [
  'run a command under a lease: claim a task, keep the lease while the command runs, and report how it came out',
  'Exit code 0 means that the task has succeeded, any other that the attempt has failed; the code is passed on. SIGINT, SIGTERM ' +
    'and SIGHUP are passed on, and the task is given back uncharged: exit 128 and the number of the signal, however the command ended. ' +
    'So it is where the command never started (125, 126, 127). A task that was cancelled ends the command: exit 143, however it ended.',
  'The command finds ORCHESTRATOR_SESSION, _TASK, _TOKEN, _FENCE, _AGENT, _INSTANCE, _NAMESPACE and _STORE, and in the files that ' +
    '_PAYLOAD_FILE and _CONTEXT_FILE name, the payload and the context as JSON. heartbeat, checkpoint and release take the lease from there.',
  'While the lease is in doubt (no renewal for 80 % of its TTL), the command is paused, with all that it has started. A lost ' +
    'lease ends it (SIGTERM, ten seconds, SIGKILL): exit 79. So does a store that stays away until the TTL is over: exit 69.',
  'With --journal, a private file in the folder gets each call before it is sent, and each answer on the disk before ' +
    'this program acts on it. No token is in it. A folder that cannot be written is exit 73, and nothing is claimed. If ' +
    'the journal cannot be written later, the outcome is reported all the same, tried again until the lease is over, ' +
    'and then exit 74 tells. What the command itself sends is not in the journal.',
  'The command gets a process group of its own. On a terminal (standard input) it shares ours, so that it can read, prompt and be ' +
    'stopped with Ctrl-Z; Ctrl-C then goes to it directly. A command that shares our group is paused and ended together with what it ' +
    'has started only on Linux. Windows has no groups, and cannot pause a command.',
].join('\n\n');

export default define;

async function runCommand(call: Call<RunOptions>, command: string[]): Promise<number> {
  refuseWhatDoesNotFit(call);
  const onLost = onLostOf(call.options.onLost);
  const { DEFAULTS, JournaledCalls, ownProcess } = await import('@agent-orchestrator/runtime');
  const { agent } = await call.requireAgent();
  const instance = instanceOf(call);
  const own = ownProcess();
  // Its group is told when the command has been started: until then nobody may take this process for all there is.
  const holder = own === null ? {} : { process: { ...own, group: 0 } };
  const request: ClaimRequest = { agent, instance, ...holder, ...claimRequest(call.options) };
  await call.check('claimTask', request);
  const resultFile = call.options.resultFile === undefined ? null : await ResultFile.at(call.options.resultFile);
  const interrupted = interruption();
  try {
    using journal = await openJournal(call, { agent, instance });
    await using orchestrator = await call.open('create', patienceMs(request.ttlMs ?? DEFAULTS.ttl_ms));
    const calls = journal === null ? orchestrator : new JournaledCalls(orchestrator, journal);
    const { wait } = call.options;
    const { claimed, since } = await (wait === undefined
      ? claimOnce(orchestrator, request, calls)
      : claimWithin(orchestrator, request, { waitMs: wait, interrupted, calls }));
    if (!claimed.ok) {
      const names = await call.names(orchestrator, mentionedBy(claimed));
      throw claimRefused(claimed, request.sessionId, names, await orchestrator.now());
    }

    const interruptedBy = signalOf(interrupted);
    const run = { orchestrator: calls, claim: claimed, since, command, onLost, interruptedBy };
    const result = await perform(call, run);
    const exit = await leaveResult(call, result, resultFile);
    // What still waits for an answer of the store would keep this process for as long.
    if (result.reason === 'store_unreachable' || result.reason === 'store_moved') process.exit(exit);
    return exit;
  } catch (error) {
    return await notRun(call, failureOf(error), resultFile);
  }
}

/**
 * A run within a run is another one: it does not take over the instance that its environment tells of. With --resume it does, or what the
 * outer run holds would count as an earlier run's, and be taken from it.
 */
function instanceOf({ options }: Call<RunOptions>): string {
  const { instance, resume } = options;
  const isOfOuterRun =
    process.env['ORCHESTRATOR_TOKEN'] !== undefined && instance === process.env['ORCHESTRATOR_INSTANCE'];
  return instance === undefined || (isOfOuterRun && !resume) ? randomUUID() : instance;
}

/** @throws exit 73 if it cannot be written; nothing was claimed then */
async function openJournal(
  { options: { journal: folder } }: Call<RunOptions>,
  by: Pick<JournalOptions, 'agent' | 'instance'>,
): Promise<JournalWriter | null> {
  if (folder === undefined) return null;
  const { JournalWriter } = await import('@agent-orchestrator/runtime');
  try {
    return new JournalWriter({ folder, ...by });
  } catch (error) {
    const { code, message, retryable, cause } = failureOf(error);
    const hint = 'Name a folder that this user can write, on a disk with some space; nothing was claimed.';
    throw new Failure(code, message, { exit: 73, hint, retryable, field: 'journal', cause });
  }
}

async function perform(
  { options, output, settings }: Call<RunOptions>,
  run: Pick<RunUnderLease, 'orchestrator' | 'claim' | 'since' | 'command' | 'onLost' | 'interruptedBy'>,
): Promise<Result> {
  const { DEFAULTS, locateStore, runUnderLease } = await import('@agent-orchestrator/runtime');
  const tell = (line: string | null) => {
    if (line !== null && output.format === 'text') output.chatter(printable(line));
  };
  const { location } = await locateStore(settings.store.value);
  const { claim, onLost } = run;
  const result = await runUnderLease({
    ...run,
    namespace: options.namespace ?? DEFAULTS.namespace,
    store: location.address,
    files: { payload: claim.task.payload, context: toJson(claim.context) },
    timeoutMs: options.timeout,
    quietUnlessFailed: options.quietUnlessFailed,
    onNews: (news) => tell(newsLine(news, onLost)),
  });
  const failure = failureOfRun(result, claim);
  if (failure === null) tell(endLine(result, claim, Date.now()));
  else output.failure(failure);
  return { exit: exitOfRun(result), ...result, taskId: claim.task.id, lease: publicLease(claim.lease) };
}

function refuseWhatDoesNotFit({ output, options }: Call<RunOptions>): void {
  if (output.format === 'json')
    throw usage(
      '--json is one document on standard output, and that belongs to the command.',
      'Use --result-file FILE: it is JSON.',
      'json',
    );
  if (options.commandId !== undefined)
    throw usage('--command-id names one command, and run sends several.', 'Leave it out.', 'commandId');
}

function onLostOf([action = 'term', ...words]: readonly string[] = []): OnLost {
  if (action === 'exec' && words.length > 0) return { exec: words };
  if ((action === 'term' || action === 'warn') && words.length === 0) return action;
  throw usage(
    '--on-lost is term, warn, or exec and a command.',
    'For example: --on-lost exec ./save-work -- CMD…',
    'onLost',
  );
}

/** As long as a timer can run: nearly 25 days. */
const TIMEOUT_MS_MAX = 2_147_483_647;

function parseTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms > TIMEOUT_MS_MAX) throw new InvalidArgumentError('Write at most 596h.');
  return ms;
}

function parseExitCode(text: string): number {
  const code = parseInteger(text);
  if (code > 255) throw new InvalidArgumentError('Write an exit code: 0 to 255.');
  return code;
}

/** A store that is away is asked anew several times within a TTL, and is not waited for when the lease is over. */
function patienceMs(ttlMs: number): number {
  return Math.min(Math.max(ttlMs / 8, 1_000), 30_000);
}

/** Nothing was claimed, or the program itself failed. */
async function notRun(call: Call<RunOptions>, failure: Failure, resultFile: ResultFile | null): Promise<number> {
  const { code, message } = failure;
  const isConflict = code === 'NO_TASK' || code === 'BUSY';
  const exit = isConflict ? (call.options.conflictExitCode ?? failure.exit) : failure.exit;
  call.output.failure(failure);
  const reason = isConflict ? 'not_claimed' : 'error';
  return leaveResult(call, { ...NOTHING_RUN, exit, reason, message: `${message} [${code}]` }, resultFile);
}

/** What a result file says. */
interface Result extends Omit<RunResult, 'reason'> {
  readonly exit: number;
  readonly reason: RunResult['reason'] | 'not_claimed' | 'error';
  readonly taskId: string | null;
  readonly lease: PublicLease | null;
}

const NOTHING_RUN: Omit<Result, 'exit' | 'reason' | 'message'> = {
  code: null,
  signal: null,
  interruptedBy: null,
  outcome: null,
  status: null,
  runAt: null,
  lost: null,
  startedAt: null,
  endedAt: null,
  taskId: null,
  lease: null,
};

/** Without its token: the file is for programs that have no part in the work. */
function publicLease({ token: _secret, ...lease }: Lease): PublicLease {
  return lease;
}

/** A result that cannot be left where it was wanted is a failure only where there was none. */
async function leaveResult({ output }: Call<RunOptions>, data: Result, resultFile: ResultFile | null): Promise<number> {
  try {
    await resultFile?.write(`${document('run', { data })}\n`);
    return data.exit;
  } catch (error) {
    const failure = failureOf(error);
    output.failure(failure);
    return data.exit === 0 ? failure.exit : data.exit;
  }
}
