import type { Orchestrator, SessionRecord } from '@agent-orchestrator/core';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Call } from '../call.ts';
import { Failure, usage } from '../failure.ts';
import { everyRow } from '@agent-orchestrator/runtime';
import { parseInteger } from './parse.ts';

export interface HolderOptions {
  readonly session?: string;
  readonly token?: number;
}

/** What shows a holder to be one. */
export interface Holder {
  readonly sessionId: string;
  readonly token: number;
  readonly instance?: string;
}

/** The flags of the holder's verbs. */
export function addHolderOptions(command: Command): Command {
  return command
    .addOption(new Option('--session <id>', 'the session that is held').env('ORCHESTRATOR_SESSION'))
    .addOption(new Option('--token <n>', "the lease's token").env('ORCHESTRATOR_TOKEN').argParser(parseInteger));
}

/** The lease that is meant: by session and token; without them, the one lease held by this agent and instance. */
export async function holderOf(call: Call<HolderOptions>, orchestrator: Orchestrator): Promise<Holder> {
  const { session, token, agent, instance } = call.options;
  const same = instance === undefined ? {} : { instance };
  if (session !== undefined && token !== undefined) return { sessionId: session, token, ...same };
  if (token !== undefined || agent === undefined || instance === undefined)
    throw usage('Which lease is meant?', WHICH, token === undefined ? 'token' : 'session');

  const held = (await leasesOf(orchestrator, agent, instance)).filter(
    ({ id }) => session === undefined || id === session,
  );
  const [lease, another] = held;
  if (lease === undefined) {
    throw new Failure(
      'NO_LEASE',
      `Instance ${instance} of ${agent} holds no lease${session === undefined ? '' : ` on session ${session}`}.`,
      {
        hint: 'Claim first, or give --session and --token of the lease.',
      },
    );
  }
  if (another !== undefined)
    throw usage(
      `Instance ${instance} of ${agent} holds ${held.length} leases: ${held.map(({ id }) => id).join(', ')}.`,
      'Give --session and --token.',
      'session',
    );
  return { sessionId: lease.id, token: lease.fence ?? 0, instance };
}

const WHICH =
  'Give --session and --token (ORCHESTRATOR_SESSION, ORCHESTRATOR_TOKEN); or name --agent and --instance (ORCHESTRATOR_AGENT, ORCHESTRATOR_INSTANCE) to mean the one lease they hold.';

async function leasesOf(
  orchestrator: Orchestrator,
  agent: string,
  instance: string,
): Promise<Pick<SessionRecord, 'id' | 'token'>[]> {
  const held: Pick<SessionRecord, 'id' | 'token'>[] = [];
  for await (const session of everyRow((page) => orchestrator.listSessions({ status: ['running'], agent, ...page })))
    if (session.instance === instance) held.push(session);
  return held;
}
