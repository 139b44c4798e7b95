import { Orchestrator, OrchestratorError, type PlaceReport, type Reader, type Storage } from '@agent-orchestrator/core';
import { newCommandId } from '../../system/command-id.ts';
import { newSeed } from '../../system/seed.ts';
import { locateStore } from '../../stores/locate-store.ts';
import { namingLegacy } from '../../stores/naming-legacy.ts';
import { openStorage } from '../../stores/open-storage.ts';
import { withEvidence } from './evidence.ts';
import type { StoreFacts } from './facts.ts';
import { needsAttention, type Finding } from './finding.ts';
import { fixFindings, type Fix } from './fix.ts';
import { judge } from './judge.ts';
import { readWork } from './read-work.ts';

export interface ExamineOptions {
  /** Whose sessions are looked at; those of all namespaces by default. */
  readonly namespace?: string;
  /** Does what is safe about what it finds, and looks once more. */
  readonly fix?: boolean;
}

/** What a look at a store, and at what goes on in it, came to. */
export interface Examination {
  /** Without a password. */
  readonly url: string;
  /** Whether nothing needs attention. */
  readonly ok: boolean;
  /** At least one for each thing that was looked at. */
  readonly findings: readonly Finding[];
  /** What was done; the findings are as they are afterwards. */
  readonly fixes: readonly Fix[];
  /** Every event up to this id was looked at; null: the store could not be read. */
  readonly asOf: number | null;
  /**
   * What the storage told of the place, but for the findings. null: nothing, or it could not be reached, and a finding
   * says why.
   */
  readonly place: Omit<PlaceReport, 'findings'> | null;
}

/** A read that finds the store locked says so soon. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * Looks a store over: whether it can be reached and is of this version, who else may open it, its clock and its log;
 * who holds what without a sign of life, what nobody claims, who renewed late and who was fenced. What keeps the store
 * from being read is a finding, too. Without `fix` it only reads.
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
    // As soon as the server has told its time: connecting may have taken long.
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

const UNKNOWN = { place: null, state: null, isPrivate: false, refusal: null, work: null, localNow: 0 } as const;

async function lookInside(storage: Storage, facts: StoreFacts, namespace: string | undefined): Promise<Look> {
  // Throws for a name that no namespace can have: it would look like one where nothing goes on.
  if (namespace !== undefined) await new Orchestrator({ storage, newCommandId, newSeed }).counts(namespace, 1);
  return storage.read.snapshot(async (reader) => {
    const namespaces = namespace === undefined ? await reader.namespaces() : [namespace];
    const work = await readWork(reader, namespaces);
    const state = facts.state ?? (await reader.storeState());
    return judged({ ...facts, state, isPrivate: !storage.capabilities.multiProcess, work }, reader, namespaces);
  });
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
