import { Orchestrator, OrchestratorError, type PlaceReport, type Reader, type Storage } from '@agent-orchestrator/core';
import { newCommandId } from '../../system/command-id.ts';
import { keyFileHere } from '../../system/key-files.ts';
import { newSeed } from '../../system/seed.ts';
import { locateStore } from '../../stores/locate-store.ts';
import { namingLegacy } from '../../stores/naming-legacy.ts';
import { openStorage } from '../../stores/open-storage.ts';
import { everyRow } from '../every-row.ts';
import { withEvidence } from './evidence.ts';
import { livenessOf } from '../../processes/dead-holders.ts';
import { guaranteeHere } from '../../processes/guarantee.ts';
import { offspringOf } from '../../processes/offspring.ts';
import type { HeldFacts, KeyFacts, LeftFacts, StoreFacts } from './facts.ts';
import { needsAttention, type Finding } from './finding.ts';
import { fixFindings, type Fix } from './fix.ts';
import { judge } from './judge.ts';
import { readWork } from './read-work.ts';

export interface ExamineOptions {
  /** The namespace to examine; all of them by default. */
  readonly namespace?: string;
  /** Applies the safe fixes, and examines the store again. */
  readonly fix?: boolean;
}

/** The result of an examination of a store and of the work in it. */
export interface Examination {
  /** Without a password. */
  readonly url: string;
  /** true: nothing needs attention. */
  readonly ok: boolean;
  /** At least one for each check that was made. */
  readonly findings: readonly Finding[];
  /** The fixes that were tried. The findings are those after the fixes. */
  readonly fixes: readonly Fix[];
  /** Every event up to this id was looked at; null: the store could not be read. */
  readonly asOf: number | null;
  /**
   * What the storage reports on the place, without the findings. null: it reports nothing, or it could not be reached
   * and a finding says why.
   */
  readonly place: Omit<PlaceReport, 'findings'> | null;
}

/** A read of a locked store fails soon. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * Examines a store:
 *
 * - whether it can be reached and has the schema of this version
 * - its permissions, its clock and its log
 * - sessions with silent holders, and ready tasks that no agent claims
 * - holders that renewed late, and agents that were fenced
 * - the files of registered keys on this machine
 *
 * A store that cannot be read is a finding, too. Without `fix` it only reads.
 *
 * @throws `STORE_URL_INVALID`, `INVALID_INPUT` for a malformed namespace
 */
export async function examineStore(url: string, { namespace, fix = false }: ExamineOptions = {}): Promise<Examination> {
  const before = await look(url, namespace);
  if (!fix || before.findings.every((finding) => finding.fix === null)) return { ...before.examination, fixes: [] };
  const fixes = await fixFindings(url, before.findings, before.namespaces);
  const { examination } = await look(url, namespace);
  return { ...examination, fixes };
}

interface Look {
  readonly examination: Omit<Examination, 'fixes'>;
  readonly findings: readonly Finding[];
  readonly namespaces: readonly string[];
}

async function look(address: string, namespace: string | undefined): Promise<Look> {
  const { provider, location } = await locateStore(address);
  let facts: StoreFacts = { ...UNKNOWN, url: location.url };
  try {
    const place = await namingLegacy(location, async () => (await provider.place?.inspect(location)) ?? null);
    // Read right after the server's time: connecting may have taken long.
    facts = { ...facts, place, state: place?.state ?? null, localNow: Date.now() };
    if (place !== null && place.schema !== place.schemaKnown) return await judged(facts, null, []);
    const storage = await openStorage(address, { mode: 'read-only', busyTimeoutMs: BUSY_TIMEOUT_MS });
    try {
      return await lookInside(storage, facts, namespace);
    } finally {
      await storage.close();
    }
  } catch (error) {
    if (!(error instanceof OrchestratorError) || !error.code.startsWith('STORE_') || error.code === 'STORE_URL_INVALID')
      throw error;
    const { code, message, hint } = error;
    return judged({ ...facts, refusal: { code, message, hint } }, null, []);
  }
}

const UNKNOWN = {
  place: null,
  state: null,
  isPrivate: false,
  refusal: null,
  work: null,
  machine: { guarantee: 'nothing', left: [], keys: [] },
  localNow: 0,
} as const;

async function lookInside(storage: Storage, facts: StoreFacts, namespace: string | undefined): Promise<Look> {
  // Throws for an invalid name, which would look like an empty namespace.
  if (namespace !== undefined) await new Orchestrator({ storage, newCommandId, newSeed }).counts(namespace, 1);
  return storage.read.snapshot(async (reader) => {
    const namespaces = namespace === undefined ? await reader.namespaces() : [namespace];
    const work = await readWork(reader, namespaces);
    const state = facts.state ?? (await reader.storeState());
    const keys = await keysHere(reader, namespaces);
    const machine = { guarantee: guaranteeHere(), left: work.held.flatMap(leftOf), keys };
    const isPrivate = !storage.capabilities.multiProcess;
    return judged({ ...facts, state, isPrivate, work, machine }, reader, namespaces);
  });
}

/** The registered keys whose files are on this machine. */
async function keysHere(reader: Reader, namespaces: readonly string[]): Promise<KeyFacts[]> {
  const keys: KeyFacts[] = [];
  for (const namespace of namespaces) {
    const rows = everyRow(({ limit, after }) => reader.agents({ namespace, limit, ...(after && { after }) }));
    for await (const { name: agent, publicKey } of rows) {
      const file = publicKey === null ? null : keyFileHere(publicKey);
      if (file !== null) keys.push({ agent, ...file });
    }
  }
  return keys;
}

/** What the holder of a session has left on this machine, if the holder itself is gone. */
function leftOf({ namespace, sessionId, taskId, agent, fence, process: holder }: HeldFacts): LeftFacts[] {
  if (holder === null || livenessOf(holder) !== 'gone') return [];
  const is = offspringOf({ ...holder, fence, group: holder.group ?? null });
  return is === 'alive' || is === 'unproven' ? [{ namespace, sessionId, taskId, agent, is }] : [];
}

async function judged(facts: StoreFacts, reader: Reader | null, namespaces: readonly string[]): Promise<Look> {
  const findings: Finding[] = [];
  for (const found of judge(facts)) findings.push(await withEvidence(found, reader));
  const { url, work } = facts;
  const ok = !findings.some((finding) => needsAttention(finding));
  const place = facts.place && withoutFindings(facts.place);
  return { examination: { url, ok, findings, asOf: work?.asOf ?? null, place }, findings, namespaces };
}

function withoutFindings({ findings: _judged, ...place }: PlaceReport): Omit<PlaceReport, 'findings'> {
  return place;
}
