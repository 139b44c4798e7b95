import { assertOpenForWork, Orchestrator, OrchestratorError } from '@agent-orchestrator/core';
import { locateStore } from '../../stores/locate-store.ts';
import { openStorage } from '../../stores/open-storage.ts';
import { newCommandId } from '../../system/command-id.ts';
import { newSeed } from '../../system/seed.ts';
import type { ThresholdName } from '../../settings/threshold-names.ts';
import { figuresOf, type Figure } from './figures.ts';
import { readMetrics } from './read-metrics.ts';
import { readRefusals } from './refusal-files.ts';

/** `degraded`: a figure is greater than its threshold · `unhealthy`: agents cannot work on the store. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

export interface Health {
  readonly status: HealthStatus;
  /** Of the store, without a password. */
  readonly url: string;
  /** Why agents cannot work; null: they can. */
  readonly problem: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  /** The figures of the last hour; none if the store cannot be read. */
  readonly figures: readonly Figure[];
  /** Every event up to this id was counted; null: the store cannot be read. */
  readonly asOf: number | null;
}

export interface HealthQuestion {
  /** Only this namespace; all of them by default. */
  readonly namespace?: string | undefined;
  readonly thresholds: Readonly<Record<ThresholdName, number>>;
}

/** The figures count the last hour, as those of the proof of concept did. */
export const HEALTH_WINDOW_MS = 3_600_000;
/** A check of a locked store fails soon. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * Whether agents can work on a store, and whether too much goes wrong in it. Only reads. A store that cannot be read is
 * an answer, too.
 *
 * @throws `STORE_URL_INVALID`, `CONFIG_INVALID`, `INVALID_INPUT` for a malformed namespace
 */
export async function readHealth(address: string, question: HealthQuestion): Promise<Health> {
  const { location } = await locateStore(address);
  const { url } = location;
  try {
    const { figures, asOf } = await measure(address, url, question);
    const status = figures.some(({ exceeded }) => exceeded) ? 'degraded' : 'healthy';
    return { status, url, problem: null, figures, asOf };
  } catch (error) {
    if (!(error instanceof OrchestratorError) || !error.code.startsWith('STORE_')) throw error;
    const { code, message, hint } = error;
    return { status: 'unhealthy', url, problem: { code, message, hint: hint ?? null }, figures: [], asOf: null };
  }
}

async function measure(
  address: string,
  url: string,
  { namespace, thresholds }: HealthQuestion,
): Promise<{ readonly figures: readonly Figure[]; readonly asOf: number }> {
  const storage = await openStorage(address, { mode: 'read-only', busyTimeoutMs: BUSY_TIMEOUT_MS });
  try {
    const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
    const state = await orchestrator.storeState();
    if (state !== null) assertOpenForWork(state);
    const { tally, asOf } = await readMetrics(orchestrator, {
      namespace,
      sinceMs: HEALTH_WINDOW_MS,
      refusals: (since) => readRefusals(url, since),
    });
    return { figures: figuresOf(tally, thresholds), asOf };
  } finally {
    await storage.close();
  }
}
