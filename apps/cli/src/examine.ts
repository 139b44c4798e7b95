import type { Examination, ExamineOptions } from '@agent-orchestrator/runtime';

/** Examines the store and the work in it, and the agent hosts that were set up on this machine. */
export async function examine(address: string, options: ExamineOptions): Promise<Examination> {
  const { examineStore, needsAttention } = await import('@agent-orchestrator/runtime');
  const { checkInstallations, placeHere } = await import('./hosts/installation.ts');
  const [examination, hosts] = [await examineStore(address, options), await checkInstallations(placeHere(false))];
  const findings = [...examination.findings, ...hosts];
  return { ...examination, findings, ok: !findings.some((finding) => needsAttention(finding)) };
}
