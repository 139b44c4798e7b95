import type { Command } from 'commander';
import type { ClaimRequest } from '../claim-within.ts';
import { leaseRequest, type LeaseOptions } from './lease.ts';
import { collect, parseDuration } from './parse.ts';

/** What is asked of a claim, by `claim` as well as by `run`. */
export interface ClaimOptions extends LeaseOptions {
  readonly session?: string;
  readonly wait?: number;
  readonly resume?: true;
}

export function addClaimOptions(command: Command): Command {
  return command
    .option(
      '--session <id>',
      'only this session; it is taken over if its lease has expired, or (on Linux) its holder on this machine is plainly dead',
    )
    .option('--kind <name>', 'only tasks of this kind (may be repeated)', collect)
    .option('--role <name>', 'a role of the agent: it may also take what waits for the role (may be repeated)', collect)
    .option(
      '--ttl <duration>',
      'how long the lease lasts without a heartbeat (default: 120s, see `config list`)',
      parseDuration,
    )
    .option(
      '--stale-after <duration>',
      'silence after which anybody may recover it (default: 60s, see `config list`)',
      parseDuration,
    )
    .option('--wait <duration>', 'wait so long for something to claim', parseDuration)
    .option('--resume', 'the same agent, restarted: take back at once what its earlier run held');
}

/** The flags as fields of the API. */
export function claimRequest(options: ClaimOptions): Omit<ClaimRequest, 'agent'> {
  const { session, resume } = options;
  return {
    ...(session !== undefined && { sessionId: session }),
    ...leaseRequest(options),
    ...(resume && { resume }),
  };
}
