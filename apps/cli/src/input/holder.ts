import type { Command } from 'commander';
import { Option } from 'commander';
import type { TerminalLease } from '@agent-orchestrator/runtime';
import type { Call } from '../call.ts';
import { Failure, usage } from '../failure.ts';
import { leasesInTerminal } from '../terminal.ts';

export interface HolderOptions {
  readonly token?: string;
}

/** What identifies a holder. */
export interface Holder {
  readonly token: string;
  readonly instance?: string;
}

/** The option of the holder's commands. */
export function addHolderOptions(command: Command): Command {
  return command.addOption(
    new Option(
      '--token <token>',
      'the token of the lease; other users can see it in `ps` (default: that of the claim in this terminal)',
    ).env('ORCHESTRATOR_TOKEN'),
  );
}

/**
 * The token alone names the lease. A name proves nothing, so no lease is looked up by agent or instance. Without a
 * token, it is that of the only lease that a claim left behind in this terminal session.
 */
export async function holderOf(call: Call<HolderOptions>): Promise<Holder> {
  const { instance, token = await tokenInTerminal(call) } = call.options;
  if (token === '') throw emptyToken();
  return { token, ...(instance !== undefined && { instance }) };
}

/** @throws usage if there is no such lease, or several: the one that is meant must not be guessed */
async function tokenInTerminal(call: Call<HolderOptions>): Promise<string> {
  const leases = await leasesInTerminal(call);
  const [lease] = leases;
  if (leases.length > 1) throw severalLeases(leases);
  if (lease === undefined || lease.token === null) throw withoutToken();
  return lease.token;
}

function withoutToken(): Failure {
  return usage(
    'This command needs the token of a lease.',
    'Claim in this terminal, with the same --store, --namespace and --agent, or with ' +
      '`eval "$(orchestrator claim --env)"`, which sets ORCHESTRATOR_TOKEN, or set that variable.',
    'token',
  );
}

/** It means no lease: the caller expected one of its own, so one that another claim left behind is not taken. */
function emptyToken(): Failure {
  return usage(
    'The token of the lease is empty, as it is after a claim that was refused.',
    'Claim with `eval "$(orchestrator claim --env)"`, or set ORCHESTRATOR_TOKEN to the token that the claim answered.',
    'token',
  );
}

/** So many are named. */
const NAMED_MAX = 5;

function severalLeases(leases: readonly TerminalLease[]): Failure {
  const named = leases.slice(-NAMED_MAX).map(({ name, fence }) => `${name ?? 'a task'} (fence ${fence})`);
  const more = leases.length > NAMED_MAX ? 'among them ' : '';
  return new Failure(
    'USAGE',
    `Claims in this terminal left ${leases.length} leases, ${more}of ${named.join(', ')}; some may be lost.`,
    {
      hint:
        'Set ORCHESTRATOR_TOKEN to the token of the one that you mean: it begins with the fence, and the answer to ' +
        'the claim has it. Or claim with `eval "$(orchestrator claim --env)"`, which sets it, or in a new terminal.',
      field: 'token',
      details: { leases: leases.map(({ name, fence }) => ({ task: name, fence })) },
    },
  );
}

/** A request that renews a lease, with what it tells of the caller. @param request checked already */
export async function asRenewal<Request extends Holder>(request: Request) {
  const { renewedBy } = await import('../store-access.ts');
  return { ...request, ...renewedBy(request.token) };
}
