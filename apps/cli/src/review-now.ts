import type { Verdict } from '@agent-orchestrator/core';
import { labelOf, shellArgument } from '@agent-orchestrator/runtime';
import type { Call } from './call.ts';
import { Failure, usage } from './failure.ts';
import type { Answer } from './output/output.ts';
import { state } from './output/style.ts';
import type { PassphraseOptions } from './input/passphrase.ts';
import { claimRefused, leaseRefused, notFound } from './refusals.ts';
import { signerOf } from './signer.ts';

export interface VerdictOptions extends PassphraseOptions {
  readonly notes?: string;
  readonly role?: string;
}

/** The short way of a reviewer: claims a review of the task, and ends it with the verdict. */
export async function reviewWith(verdict: Verdict, call: Call<VerdictOptions>, id: string): Promise<Answer> {
  const { notes, role, commandId } = call.options;
  if (commandId !== undefined)
    throw usage('--command-id names one command, but a verdict here needs two.', 'Omit it.', 'commandId');
  const { agent } = await call.requireAgent();
  await using orchestrator = await call.openForAsOf('existing');
  const asOf = await orchestrator.asOf();
  const roles = role === undefined ? undefined : [role];
  const sign = (await signerOf(call, orchestrator, agent)) ?? undefined;
  const reply = await orchestrator.reviewTask({ taskId: id, agent, verdict, notes, roles, sign });
  if (!reply.ok) {
    if (reply.reason === 'not_found') throw notFound('task', id);
    if (reply.reason === 'not_in_review')
      throw new Failure('NOT_IN_REVIEW', `Task ${id} is ${reply.status}: only a task in review gets a verdict.`, {
        hint: `\`orchestrator task show ${shellArgument(id)}\` shows it.`,
        details: { status: reply.status },
      });
    if (reply.reason === 'lease_lost') throw leaseRefused(reply, { token: '0-' });
    const sessions = reply.reason === 'busy' ? [reply.sessionId] : [];
    throw claimRefused(reply, { agent }, await call.names(orchestrator, { sessions }), await orchestrator.now());
  }
  const task = await orchestrator.getTask(reply.taskId);
  const name = task === null ? id : labelOf('task', task);
  const { ok: _, ...data } = reply;
  return {
    kind: 'review',
    data: { ...data, verdict, proof: sign === undefined ? 'unproven' : 'signature' },
    asOf,
    ids: [reply.taskId],
    text: (paint) => [
      `${verdict === 'approved' ? 'approved' : 'changes requested'}: ${state(reply.status, paint)}  ${name}` +
        (sign === undefined ? '' : ', signed'),
    ],
    chatter: [`next: orchestrator task show ${shellArgument(id)}`],
  };
}
