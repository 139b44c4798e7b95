import { randomUUID } from 'node:crypto';
import type { ClaimRecord, Lease, PublicLease } from '@agent-orchestrator/core';
import type {
  JournalOptions,
  JournalWriter,
  OnLost,
  RunNews,
  RunOptions as RunUnderLease,
  RunResult,
} from '@agent-orchestrator/runtime';
import { InvalidArgumentError } from 'commander';
import type { Call } from '../call.ts';
import { interruption, signalOf } from '../interruption.ts';
import { claimOnce, claimWithin, type ClaimRequest } from '../claim-within.ts';
import { Failure, failureOf, usage } from '../failure.ts';
import { addClaimOptions, claimRequest, type ClaimOptions } from '../input/claim.ts';
import { collect, parseDuration, parseFolder, parseInteger } from '../input/parse.ts';
import { document, toJson } from '@agent-orchestrator/runtime/wire-json';
import type { Define } from '../command-module.ts';
import { claimRefused, mentionedBy } from '../refusals.ts';
import { exitOfRun } from '../run/exit-of-run.ts';
import { descriptors } from '../run/descriptors.ts';
import { ResultFile } from '../run/result-file.ts';
import { endLine, failureOfRun, missingLine, newsLine } from '../run/words.ts';

interface RunOptions extends ClaimOptions {
  readonly timeout?: number;
  readonly onLost?: string[];
  readonly resultFile?: string;
  readonly quietUnlessFailed?: true;
  readonly conflictExitCode?: number;
  readonly artifact?: string[];
  readonly journal?: string;
}

const define: Define = (program, run) => {
  addClaimOptions(program.command('run'))
    .summary('run a command under a lease, and report the outcome of the task')
    .description(DESCRIPTION)
    .usage('[options] -- <command...>')
    .argument('<command...>', 'the command and its arguments, after --; without a shell')
    .option('--timeout <duration>', 'end the command after this time: exit 124, the attempt fails', parseTimeout)
    .option('--on-lost <action...>', 'when the lease is lost: term, warn, or exec and a command (default: term)')
    .option('--result-file <file>', 'write the result as JSON into this file; only this user can read it')
    .option('--artifact <file>', 'a file that the command leaves: record its size and SHA-256 (repeatable)', collect)
    .option('--quiet-unless-failed', 'show the output of the command only if it fails')
    .option('--conflict-exit-code <n>', 'exit code if there is nothing to claim (default: 75)', parseExitCode)
    .option('--journal <folder>', 'write calls and answers into this folder, for `journal check`', parseFolder)
    .action(run<RunOptions, [string[]]>(runCommand));
};

const DESCRIPTION = [
  'run a command under a lease: claim a task, keep the lease while the command runs, and report the outcome of ' +
    'the task',
  'If the command exits with 0, the task has succeeded. Otherwise the attempt has failed. `run` exits with the ' +
    'same code.',
  'SIGINT, SIGTERM and SIGHUP are passed on to the command. The task is given back without charge of an attempt, ' +
    'and `run` exits with 128 + N after signal N, however the command ended. A key of the terminal, such as Ctrl-C, ' +
    'reaches the command without `run`: if the command then exits with 0, it has handled the key and done its task. ' +
    'A signal counts in the same way if `run` gets it up to a second after it has ended the command, or a third of a ' +
    'second after the command has failed. On a terminal, a command that was ended by SIGINT or SIGQUIT, or whose ' +
    'exit code says so, was ended by the key. ' +
    'If the command never started, the task is given back, too: exit 125, 126 or 127. If the task is cancelled, the ' +
    'command is ended: exit 143.',
  'Under `nohup`, SIGHUP is ignored, if the shell names nohup in the variable `_` (bash and zsh do, but not for ' +
    '`exec nohup`, `env nohup` and `nohup bash -c`), or if `run` is called by a script that ignores it. The command ' +
    'is then in a session of its own, without a terminal. `setsid orchestrator run …` survives in every shell.',
  'The command gets the variables ORCHESTRATOR_SESSION, _TASK, _TOKEN, _FENCE, _AGENT, _INSTANCE, _NAMESPACE and ' +
    '_STORE. _PAYLOAD_FILE and _CONTEXT_FILE name files with the payload and the context as JSON. heartbeat, ' +
    'checkpoint and release take the lease from these variables. _ANSWER_FILE names a file with the last question of ' +
    'a holder and its answer, or null.',
  'While the lease is in doubt (no renewal for 80 % of its TTL), the command and all processes that it has ' +
    'started are paused. If the lease is lost, they are ended (SIGTERM, ten seconds, SIGKILL): exit 79. If the ' +
    'store stays unreachable until the TTL is over, they are ended, too: exit 69.',
  '--on-lost changes this. warn only prints a warning. exec CMD… first runs another command for at most ten ' +
    'seconds, while the first one is paused; ORCHESTRATOR_PID names it. The words of CMD must not begin with a ' +
    'dash.',
  'If the command exits with 0, the files of --artifact are read, and the result of the task names each with its ' +
    'path, size and SHA-256. The exit code alone decides the outcome: a file that cannot be read is reported, and ' +
    'the result has it under artifacts_missing. Work that is done is not done again for it. A signal then ends the ' +
    'reading, and the files that were not read are missing, too.',
  'With --journal, each call is written into a private file before it is sent, and each answer before `run` acts ' +
    'on it. The file contains no token. If the folder cannot be written, nothing is claimed: exit 73. If the ' +
    'journal cannot be written later, the outcome is still reported, and the call is tried again until the lease is ' +
    'over: exit 74. Calls that the command itself makes are not in the journal.',
  '--result-file replaces a regular file or creates one. It refuses anything else, such as a device or a link. Its ' +
    'data tells why the run ended (reason, exit), how the command ended (code, signal), and what became of the task ' +
    '(outcome, status). outcome_unknown says that the outcome was sent, and that it is not known whether it arrived.',
  'On Linux, whatever pauses or ends the command reaches all that it has started, also what has left its process ' +
    'group or session; `orchestrator doctor` says whether a cgroup or a keeper sees to that. If something may still ' +
    'be alive after the command was ended, no outcome is reported, and the lease ends by its time: exit 71. A ' +
    'command that ends by itself leaves its background processes alive, and its task is released.',
  'The command gets the descriptors that `run` was started with, on Linux also those beyond 2. It gets its own ' +
    'process group. If standard input is a terminal, it stays in the group of `run` instead. Then it can read, ' +
    'prompt and be stopped with Ctrl-Z, and Ctrl-C goes to it directly. The same signal to `run` alone is passed on ' +
    'after a second. Elsewhere than on Linux, the processes that it has started are then not paused and ended with ' +
    'it. Windows has no groups and cannot pause a command.',
].join('\n\n');

export default define;

const NOT_ALL_ANSWERED: ReadonlySet<string> = new Set(['store_unreachable', 'store_moved', 'journal_unwritable']);

async function runCommand(call: Call<RunOptions>, command: string[]): Promise<number> {
  refuseWhatDoesNotFit(call);
  const onLost = onLostOf(call.options.onLost);
  const { becomeInit, DEFAULTS, JournaledCalls, ownProcess } = await import('@agent-orchestrator/runtime');
  becomeInit(descriptors);
  const { agent } = await call.requireAgent();
  const instance = instanceOf(call);
  const own = ownProcess();
  // Group 0: the group is reported once the command has started. Until then, the holder must not count as dead.
  const holder = own === null ? {} : { process: { ...own, group: 0 } };
  const request: ClaimRequest = { agent, instance, ...holder, ...claimRequest(call.options) };
  await call.check('claimTask', request);
  await checkArtifacts(call);
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
      throw claimRefused(claimed, request, names, await orchestrator.now());
    }

    const interruptedBy = signalOf(interrupted);
    const run = { orchestrator: calls, claim: claimed, since, command, descriptors, onLost, interruptedBy };
    const result = await perform(call, run);
    const exit = await leaveResult(call, result, resultFile);
    // A call that still waits for the store would keep this process alive.
    if (NOT_ALL_ANSWERED.has(result.reason)) process.exit(exit);
    return exit;
  } catch (error) {
    return await notRun(call, failureOf(error), resultFile);
  }
}

/**
 * A run within a run is a run of its own: it does not use the instance in its environment. With --resume it does.
 * Otherwise the lease of the outer run would count as an earlier run's, and would be taken from it.
 */
function instanceOf({ options }: Call<RunOptions>): string {
  const { instance, resume } = options;
  const isOfOuterRun = Boolean(process.env['ORCHESTRATOR_TOKEN']) && instance === process.env['ORCHESTRATOR_INSTANCE'];
  return instance === undefined || (isOfOuterRun && !resume) ? randomUUID() : instance;
}

/** @throws exit 73 if the journal cannot be written; nothing was claimed */
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
    const hint = 'Name a folder that this user can write, on a disk with free space; nothing was claimed.';
    throw new Failure(code, message, { exit: 73, hint, retryable, field: 'journal', cause });
  }
}

async function perform(
  { options, output, settings }: Call<RunOptions>,
  run: Pick<RunUnderLease, 'orchestrator' | 'claim' | 'since' | 'command' | 'descriptors' | 'onLost' | 'interruptedBy'>,
): Promise<Result> {
  const { DEFAULTS, runUnderLease, storeForOthers } = await import('@agent-orchestrator/runtime');
  const warn = (line: string | null) => {
    if (line !== null) output.chatter(line);
  };
  const tell = (line: string | null) => {
    if (output.format === 'text') warn(line);
  };
  const { claim, onLost } = run;
  const result = await runUnderLease({
    ...run,
    namespace: options.namespace ?? DEFAULTS.namespace,
    store: await storeForOthers(settings.store.value),
    files: { payload: claim.task.payload, context: toJson(claim.context), answer: answerOf(claim.task) },
    artifacts: options.artifact,
    timeoutMs: options.timeout,
    quietUnlessFailed: options.quietUnlessFailed,
    onNews: (news) => (WARNINGS.has(news.is) ? warn : tell)(newsLine(news, onLost)),
  });
  const failure = failureOfRun(result, claim);
  for (const missing of result.artifactsMissing) warn(missingLine(missing));
  if (failure === null) tell(endLine(result, claim, Date.now()));
  else output.failure(failure);
  return { exit: exitOfRun(result), ...result, taskId: claim.task.id, lease: publicLease(claim.lease) };
}

/** Also with `--quiet`: the command works without its lease, or what was asked for was not done. */
const WARNINGS: ReadonlySet<RunNews['is']> = new Set(['lost', 'expired', 'hook_failed']);

/** The last question of a holder, and its answer; null: none was asked. */
function answerOf({ question, askedAt, askedBy, answer, answeredBy }: ClaimRecord['task']): unknown {
  return question === null ? null : toJson({ question, askedAt, askedBy, answer, answeredBy });
}

/** Before anything is claimed: a result that is refused afterwards would lose what the command has done. */
async function checkArtifacts(call: Call<RunOptions>): Promise<void> {
  const { artifact: names = [] } = call.options;
  if (names.length === 0) return;
  const { artifactAt, NO_TOKEN } = await import('@agent-orchestrator/runtime');
  const artifacts = names.map((name) => artifactAt(name, { sha256: '0'.repeat(64), bytes: 0 }));
  await call.check('releaseTask', { token: NO_TOKEN, outcome: 'succeeded', result: { artifacts } });
}

function refuseWhatDoesNotFit({ output, options }: Call<RunOptions>): void {
  if (output.format === 'json')
    throw usage(
      '--json needs standard output, but the command uses it.',
      'Use --result-file FILE: it is JSON.',
      'json',
    );
  if (options.commandId !== undefined)
    throw usage('--command-id names one command, but run sends several.', 'Omit it.', 'commandId');
}

function onLostOf([action = 'term', ...words]: readonly string[] = []): OnLost {
  if (action === 'exec' && words.length > 0) return { exec: words };
  if ((action === 'term' || action === 'warn') && words.length === 0) return action;
  throw usage(
    '--on-lost must be term, warn, or exec and a command.',
    'For example: --on-lost exec ./save-work -- CMD…',
    'onLost',
  );
}

/** The limit of a timer: nearly 25 days. */
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

/** A call to an unreachable store must fail several times within a TTL, and must not wait longer than the lease. */
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

/** The content of a result file. */
interface Result extends Omit<RunResult, 'reason'> {
  readonly exit: number;
  readonly reason: RunResult['reason'] | 'not_claimed' | 'error';
  readonly taskId: string | null;
  readonly lease: PublicLease | null;
}

const NOTHING_RUN: Omit<Result, 'exit' | 'reason' | 'message'> = {
  outcomeUnknown: false,
  code: null,
  signal: null,
  interruptedBy: null,
  outcome: null,
  status: null,
  runAt: null,
  lost: null,
  artifacts: [],
  artifactsMissing: [],
  startedAt: null,
  endedAt: null,
  taskId: null,
  lease: null,
};

/** Without the token: the file is for programs that are not the holder. */
function publicLease({ token: _secret, ...lease }: Lease): PublicLease {
  return lease;
}

/** Writes the result file. If that fails, the exit code only changes from 0. */
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
