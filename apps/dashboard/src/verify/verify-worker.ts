/** The program of the thread that compares the log with the state. */
import { parentPort, workerData } from 'node:worker_threads';
import { openOrchestrator } from '@agent-orchestrator/runtime';

/** What is to be verified. */
export interface VerifyRequest {
  readonly store: string;
  readonly namespace: string;
}

export interface VerifyReply {
  readonly events: number;
  readonly findings: readonly { readonly kind: string; readonly message: string }[];
  readonly findingCount: number;
}

const FINDINGS_SHOWN = 100;

const { store, namespace } = workerData as VerifyRequest;
await using orchestrator = await openOrchestrator(store, { mode: 'read-only', namespace });
const { events, findings } = await orchestrator.verify({ namespace });
parentPort?.postMessage({
  events,
  findings: findings.slice(0, FINDINGS_SHOWN).map(({ kind, message }) => ({ kind, message })),
  findingCount: findings.length,
} satisfies VerifyReply);
