import type { Command } from 'commander';
import { Option } from 'commander';
import type { Call } from '../call.ts';
import { usage } from '../failure.ts';

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
    new Option('--token <token>', 'the token of the lease; other users can see it in `ps`').env('ORCHESTRATOR_TOKEN'),
  );
}

/** The token alone names the lease. A name proves nothing, so no lease is looked up by agent or instance. */
export function holderOf({ options: { token, instance } }: Call<HolderOptions>): Holder {
  if (token === undefined || token === '')
    throw usage(
      'This command needs the token of a lease.',
      'Claim with `eval "$(orchestrator claim --env)"`, which sets ORCHESTRATOR_TOKEN, or set that variable.',
      'token',
    );
  return { token, ...(instance !== undefined && { instance }) };
}

/** A request that renews a lease, with what it tells of the caller. @param request checked already */
export async function asRenewal<Request extends Holder>(request: Request) {
  const { renewedBy } = await import('../store-access.ts');
  return { ...request, ...renewedBy(request.token) };
}
