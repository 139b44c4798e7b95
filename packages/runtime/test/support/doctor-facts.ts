// Facts of a store where all is well; a test says what is otherwise.
import type { PlaceReport, Severity, StoreState } from '@agent-orchestrator/core';
import type { HeadFacts, HeldFacts, RefusedFacts, StoreFacts, WorkFacts } from '../../src/insight/doctor/facts.ts';
import type { Check } from '../../src/insight/doctor/finding.ts';

/** A fact, and the finding that it leads to. */
export type DoctorCase = readonly [
  what: string,
  facts: StoreFacts,
  check: Check,
  severity: Severity,
  says: RegExp,
  hint?: RegExp,
];

export const NOW = Date.UTC(2026, 0, 1);
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const DAY = 86_400_000;

export const reading = { wall: NOW, steady: 0, uptime: 0, boot: 'b' };

export const place = (over: Partial<PlaceReport> = {}): PlaceReport => ({
  version: '3.53.0',
  schema: 2,
  schemaKnown: 2,
  state: null,
  clock: { last: reading, jump: null },
  serverNow: null,
  findings: [],
  facts: {},
  ...over,
});

export const work = (over: Partial<WorkFacts> = {}): WorkFacts => ({
  asOf: 100,
  now: NOW,
  localNow: NOW,
  held: [],
  nearMisses: [],
  heads: [],
  kindsAtWork: new Set(),
  refused: [],
  jumps: [],
  eventsAfter: 0,
  capped: false,
  ...over,
});

export const facts = (over: Partial<StoreFacts> = {}): StoreFacts => ({
  url: 'sqlite:/s/store.db',
  place: place(),
  state: null,
  isPrivate: false,
  refusal: null,
  work: work(),
  machine: { guarantee: 'cgroup', left: [], keys: [] },
  localNow: NOW,
  ...over,
});

export const held = (over: Partial<HeldFacts> = {}): HeldFacts => ({
  namespace: 'default',
  sessionId: 's',
  taskId: 't',
  agent: 'company-agent',
  fence: 7,
  staleAt: NOW + MINUTE,
  heartbeatAt: NOW,
  seq: 3,
  process: null,
  ...over,
});

export const head = (over: Partial<HeadFacts> = {}): HeadFacts => ({
  namespace: 'default',
  sessionId: 's',
  taskId: 't',
  number: 42,
  kind: 'report',
  assignee: null,
  role: null,
  waitsSince: NOW - SECOND,
  blocked: 0,
  ...over,
});

export const nearMiss = (over: object = {}) => ({
  namespace: 'default',
  sessionId: 's',
  agent: 'company-agent',
  ttlMs: 120 * SECOND,
  renewals: 40,
  nearMisses: 4,
  lastNearMissAt: NOW - MINUTE,
  ...over,
});

export const refused = (over: Partial<RefusedFacts> = {}): RefusedFacts => ({
  namespace: 'default',
  sessionId: 's',
  taskId: 't',
  agent: 'company-agent',
  instance: 'one',
  fence: 7,
  eventId: 12,
  seq: 9,
  at: NOW - MINUTE,
  operation: 'release',
  endedBy: 'lease.taken_over',
  endedAt: NOW - 3 * MINUTE,
  ...over,
});

export const jump = (byMs: number, at = NOW - MINUTE, taken = false) => ({ eventId: 20, at, byMs, taken });

export const state = (status: StoreState['status']): StoreState => ({
  status,
  id: 'm',
  address: 'postgres://host/new',
  at: NOW,
});
