import type { Command } from 'commander';
import { Option } from 'commander';
import type { Call } from '../call.ts';
import { usage } from '../failure.ts';

export interface HolderOptions {
  readonly token?: string;
}

/** What shows a holder to be one. */
export interface Holder {
  readonly token: string;
  readonly instance?: string;
}

/** The flag of the holder's verbs. */
export function addHolderOptions(command: Command): Command {
  return command.addOption(
    new Option('--token <token>', 'the token that the claim answered').env('ORCHESTRATOR_TOKEN'),
  );
}

/** The lease that is meant: its token alone names it. A name is no proof, so no lease is looked up by agent or instance. */
export function holderOf({ options: { token, instance } }: Call<HolderOptions>): Holder {
  if (token === undefined || token === '')
    throw usage(
      'This command needs the token of a lease.',
      'Claim with `eval "$(orchestrator claim --env)"`, which sets ORCHESTRATOR_TOKEN, or give --token.',
      'token',
    );
  return { token, ...(instance !== undefined && { instance }) };
}
