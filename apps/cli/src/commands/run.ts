import { randomUUID } from 'node:crypto';
import type { Lease } from '@agent-orchestrator/core';
import type { OnLost, RunResult } from '@agent-orchestrator/runtime';
import { InvalidArgumentError } from 'commander';
import type { Call } from '../call.ts';
import { interruption, signalOf } from '../changes.ts';
import { claimOnce, claimWithin, type ClaimRequest } from '../claim-within.ts';
import { failureOf, usage, type Failure } from '../failure.ts';
import { addClaimOptions, claimRequest, type ClaimOptions } from '../input/claim.ts';
import { parseDuration, parseInteger } from '../input/parse.ts';
import { document, toJson } from '../output/json.ts';
import { printable } from '../output/printable.ts';
import type { Define } from '../program.ts';
import { claimRefused } from '../refusals.ts';
import { exitOfRun } from '../run/exit-of-run.ts';
import { ResultFile } from '../run/result-file.ts';
import { endLine, newsLine } from '../run/words.ts';

interface RunOptions extends ClaimOptions {
  readonly timeout?: number;
  readonly onLost?: string[];
  readonly resultFile?: string;
  readonly quietUnlessFailed?: true;
  readonly conflictExitCode?: number;
}

const define: Define = (program, run) => {
  addClaimOptions(program.command('run'))
    .summary('run a command under a lease, and report how it came out')
    .description(DESCRIPTION)
    .argument('<command...>', 'the command and its arguments, after --; no shell reads them')
    .option('--timeout <duration>', 'end the command after so long: exit 124, the attempt has failed', parseTimeout)
    .option(
      '--on-lost <action...>',
      'when the lease is lost: term ends the command (default), warn only says so, exec CMD… runs another command first, while this one is paused (ORCHESTRATOR_PID); its words must not begin with a dash',
    )
    .option('--result-file <file>', 'write what came of it there, as JSON')
    .option('--quiet-unless-failed', 'show what the command writes only if it fails')
    .option('--conflict-exit-code <n>', 'exit so, instead of 75, where there is nothing to claim', parseExitCode)
    .action(run<RunOptions, [string[]]>(runCommand));
};

const DESCRIPTION = `run a command under a lease: claim a task, keep the lease while the command runs, and report how it came out

Exit code 0 means the task has succeeded, any other that the attempt has failed; the code is passed on. SIGINT, SIGTERM and
SIGHUP are passed on, and the task is given back uncharged; so it is where the command never started (125, 126, 127).
The command finds ORCHESTRATOR_SESSION, _TASK, _TOKEN, _AGENT, _INSTANCE, _NAMESPACE, _STORE, and in the files named by
_PAYLOAD_FILE and _CONTEXT_FILE the payload and the context as JSON; heartbeat, checkpoint and release take them from there.

While the lease is in doubt (no renewal for 80 % of its TTL), the command is paused, with all that it has started. A lost lease
ends it (SIGTERM, ten seconds, SIGKILL): exit 79. So does a store that stays away until the TTL is over: exit 69.

The command gets a process group of its own. On a terminal (standard input) it shares ours, so that it can read, prompt and be
stopped with Ctrl-Z; Ctrl-C then goes to it directly. Windows can neither pause a command nor signal what it has started, and
only on Linux a command that shares our group is paused and ended together with what it has started.`;

export default define;

async function runCommand(call: Call<RunOptions>, command: string[]): Promise<number> {
  refuseWhatDoesNotFit(call);
  const { timeout: timeoutMs, quietUnlessFailed } = call.options;
  const onLost = onLostOf(call.options.onLost);
  const { DEFAULTS, ownProcess, parseStoreUrl, resolveStore, runUnderLease } =
    await import('@agent-orchestrator/runtime');
  const { agent, instance = randomUUID() } = call.requireAgent();
  const request: ClaimRequest = {
    agent,
    instance,
    process: ownProcess() ?? undefined,
    ...claimRequest(call.options),
  };
  await call.check(async (orchestrator) => orchestrator.claimTask(request));
  const resultFile = call.options.resultFile === undefined ? null : await ResultFile.at(call.options.resultFile);
  const store = parseStoreUrl(resolveStore(call.options.store).url);
  const interrupted = interruption();

  await using orchestrator = await call.open('create', patienceMs(request.ttlMs ?? DEFAULTS.ttl_ms));
  const { wait } = call.options;
  const { claimed, since } = await (wait === undefined
    ? claimOnce(orchestrator, request)
    : claimWithin(orchestrator, request, wait, interrupted));
  if (!claimed.ok)
    return notClaimed(call, claimRefused(claimed, request.sessionId, await orchestrator.now()), resultFile);

  const tell = (line: string | null) => {
    if (line !== null && call.output.format === 'text') call.output.chatter(printable(line));
  };
  const result = await runUnderLease({
    orchestrator,
    claim: claimed,
    since,
    namespace: call.options.namespace ?? DEFAULTS.namespace,
    command,
    store: 'address' in store ? store.address : store.url,
    files: { payload: claimed.task.payload, context: toJson(claimed.context) },
    timeoutMs,
    onLost,
    quietUnlessFailed,
    interruptedBy: signalOf(interrupted),
    onNews: (news) => tell(newsLine(news, onLost)),
  });
  tell(endLine(result, claimed, Date.now()));
  const exit = exitOfRun(result);
  const left = await leaveResult(call, { exit, ...result, taskId: claimed.task.id, lease: claimed.lease }, resultFile);
  // What still waits for an answer of the store would keep this process for as long.
  if (result.reason === 'store_unreachable') process.exit(left);
  return left;
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

async function notClaimed(call: Call<RunOptions>, failure: Failure, resultFile: ResultFile | null): Promise<number> {
  const exit = failure.exit === 75 ? (call.options.conflictExitCode ?? failure.exit) : failure.exit;
  call.output.failure(failure);
  const { code, message } = failure;
  return leaveResult(call, { ...NOTHING_RUN, exit, message: `${message} [${code}]` }, resultFile);
}

/** What a result file says. */
interface Result extends Omit<RunResult, 'reason'> {
  readonly exit: number;
  readonly reason: RunResult['reason'] | 'not_claimed';
  readonly taskId: string | null;
  readonly lease: Lease | null;
}

const NOTHING_RUN: Omit<Result, 'exit' | 'message'> = {
  reason: 'not_claimed',
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
