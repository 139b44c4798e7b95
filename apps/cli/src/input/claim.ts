import type { Command } from 'commander';
import type { ClaimRequest } from '../claim-within.ts';
import { leaseRequest, type LeaseOptions } from './lease.ts';
import { collect, parseDuration } from './parse.ts';

/** The options of a claim, for `claim` and `run`. */
export interface ClaimOptions extends LeaseOptions {
  readonly session?: string;
  readonly wait?: number;
  readonly resume?: true;
}

export function addClaimOptions(command: Command): Command {
  return command
    .option('--session <id>', 'only this session; take it over if its lease has expired or its holder is dead')
    .option('--kind <name>', 'only tasks of this kind (repeatable)', collect)
    .option('--role <name>', 'a role of the agent, whose tasks it may take, too (repeatable)', collect)
    .option(
      '--ttl <duration>',
      'lifetime of the lease without a heartbeat (default: 120s, see `config list`)',
      parseDuration,
    )
    .option('--stale-after <duration>', 'silence before recovery (default: 60s, see `config list`)', parseDuration)
    .option('--wait <duration>', 'wait up to this time for a task', parseDuration)
    .option('--resume', 'after a restart: take back the sessions of the earlier run');
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
