import type { ReviewedNow, Verdict } from '@agent-orchestrator/core';
import { labelOf, shellArgument } from '@agent-orchestrator/runtime';
import type { Call } from './call.ts';
import { Failure, usage } from './failure.ts';
import type { Answer } from './output/output.ts';
import { state } from './output/style.ts';
import { parseInteger, parseSha256 } from './input/parse.ts';
import type { PassphraseOptions } from './input/passphrase.ts';
import { claimRefused, leaseRefused, notFound } from './refusals.ts';
import { signerOf } from './signer.ts';

export interface VerdictOptions extends PassphraseOptions {
  readonly notes?: string;
  readonly role?: string;
  readonly round?: number;
  readonly resultSha256?: string;
}

/** What the reviewer saw. Between its look and its verdict another reviewer may have sent the work back. */
export const ROUND = ['--round <n>', 'only this round, as `task show` shows it', parseInteger] as const;
export const RESULT_SHA256 = [
  '--result-sha256 <hex>',
  'only a result with this digest, as `task show` shows it',
  parseSha256,
] as const;

/** The short way of a reviewer: claims a review of the task, and ends it with the verdict. */
export async function reviewWith(verdict: Verdict, call: Call<VerdictOptions>, id: string): Promise<Answer> {
  const { notes, role, round, resultSha256, commandId } = call.options;
  if (commandId !== undefined)
    throw usage('--command-id names one command, but a verdict here needs two.', 'Omit it.', 'commandId');
  const { agent } = await call.requireAgent();
  await using orchestrator = await call.openForAsOf('existing');
  const asOf = await orchestrator.asOf();
  const roles = role === undefined ? undefined : [role];
  const signer = await signerOf(call, orchestrator, agent);
  const sign = signer?.sign;
  const saw = { round, resultSha256 };
  const reply = await orchestrator.reviewTask({ taskId: id, agent, verdict, notes, roles, sign, ...saw });
  if (!reply.ok) {
    if (reply.reason === 'not_found') throw notFound('task', id);
    if (reply.reason === 'not_in_review')
      throw new Failure('NOT_IN_REVIEW', `Task ${id} is ${reply.status}: only a task in review gets a verdict.`, {
        hint: `\`orchestrator task show ${shellArgument(id)}\` shows it.`,
        details: { status: reply.status },
      });
    if (reply.reason === 'other_work') throw otherWork(reply, call.options, id);
    if (reply.reason === 'lease_lost') throw leaseRefused(reply, { token: '0-' });
    const sessions = reply.reason === 'busy' ? [reply.sessionId] : [];
    throw claimRefused(reply, { agent }, await call.names(orchestrator, { sessions }), await orchestrator.now());
  }
  const task = await orchestrator.getTask(reply.taskId);
  const name = task === null ? id : labelOf('task', task);
  const { ok: _, ...data } = reply;
  return {
    kind: 'review',
    data: { ...data, verdict, proof: signer === null ? 'unproven' : 'signature', key: signer?.key ?? null },
    asOf,
    ids: [reply.taskId],
    text: (paint) => [
      `${verdict === 'approved' ? 'approved' : 'changes requested'}: ${state(reply.status, paint)}  ${name}` +
        (signer === null ? '' : `, signed by key ${signer.key}`),
      `round ${reply.round}, result sha256 ${reply.resultSha256}`,
    ],
    chatter: [`next: orchestrator task show ${shellArgument(id)}`],
  };
}

function otherWork(
  { round, resultSha256 }: Extract<ReviewedNow, { reason: 'other_work' }>,
  saw: VerdictOptions,
  id: string,
): Failure {
  const isOtherRound = saw.round !== undefined && saw.round !== round;
  const found = isOtherRound ? `is in round ${round} of its review` : `has a result with the digest ${resultSha256}`;
  return new Failure('OTHER_WORK', `Task ${id} ${found}: it is not the work that you saw. No verdict was given.`, {
    hint: `Look at it again: \`orchestrator task show ${shellArgument(id)}\`.`,
    field: isOtherRound ? 'round' : 'resultSha256',
    details: { round, resultSha256 },
  });
}
