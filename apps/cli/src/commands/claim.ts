import type { ClaimRecord } from '@agent-orchestrator/core';
import type { Call } from '../call.ts';
import { interruptionOfPrinter } from '../interruption.ts';
import { claimOnce, claimWithin, type ClaimRequest } from '../claim-within.ts';
import { usage } from '../failure.ts';
import { addClaimOptions, claimRequest, type ClaimOptions } from '../input/claim.ts';
import type { Answer } from '../output/output.ts';
import type { Define } from '../command-module.ts';
import { claimRefused, mentionedBy } from '../refusals.ts';
import { leaveInTerminal } from '../terminal.ts';
import { claimCard, nextSteps } from '../views/claim.ts';
import { claimEnv } from '../views/claim-env.ts';

interface Options extends ClaimOptions {
  readonly env?: true;
}

const define: Define = (program, run) => {
  addClaimOptions(program.command('claim'))
    .description('take the next task under a lease; exit 75 if there is none, or it is held')
    .option('--env', 'print variables for a shell: eval "$(orchestrator claim --env)"')
    .action(run<Options>((call) => (call.options.env ? claimForShell(call) : claim(call))));
};

export default define;

/** Prints the lines that the shell evaluates, not the card. If nothing was claimed, `main` prints them. */
async function claimForShell(call: Call<Options>): Promise<Answer> {
  if (call.output.format !== 'text') throw usage('--env prints lines for a shell.', 'Omit --json and --quiet.', 'env');
  const { DEFAULTS, leaseEnvironment, storeForOthers } = await import('../store-access.ts');
  const answer = await claim(call, { isForShell: true });
  const { value, from } = call.settings.store;
  const { address, secret } = await storeForOthers(value);
  const variables = leaseEnvironment(answer.data as ClaimRecord, {
    namespace: call.options.namespace ?? DEFAULTS.namespace,
    // With a password in it, what the shell or the configuration has stays: there it is found again.
    store: secret === null || from === 'argument' ? address : null,
  });
  const chatter = secret !== null && from === 'argument' ? [PASSWORD_NOT_EXPORTED] : [];
  return { ...answer, script: claimEnv(variables), chatter };
}

const PASSWORD_NOT_EXPORTED =
  'the password of the store was not exported: use ORCHESTRATOR_STORE or the configuration file instead of --store';

async function claim(call: Call<ClaimOptions>, { isForShell = false } = {}): Promise<Answer> {
  const { wait } = call.options;
  const request = await requestOf(call);
  await call.check('claimTask', request);
  await using orchestrator = await call.openForAsOf('create');
  const { asOf, claimed } = await (wait === undefined
    ? claimOnce(orchestrator, request)
    : claimWithin(orchestrator, request, { waitMs: wait, interrupted: interruptionOfPrinter() }));
  const steps = claimed.ok && !isForShell ? nextSteps(claimed, await leaveInTerminal(call, claimed)) : {};
  const names = await call.names(orchestrator, mentionedBy(claimed));
  if (!claimed.ok) throw claimRefused(claimed, request, names, await orchestrator.now());

  const { ok: _ok, ...answer } = claimed;
  return {
    kind: 'claim',
    data: answer,
    asOf,
    ids: [answer.task.id],
    text: await call.text(async () => {
      const now = await orchestrator.now();
      return (paint) => claimCard(claimed, names, now, paint);
    }),
    ...steps,
  };
}

async function requestOf(call: Call<ClaimOptions>): Promise<ClaimRequest> {
  return { ...(await call.requireAgent()), ...call.grantingCommand, ...claimRequest(call.options) };
}
