/*
 * What the facts of a store amount to:
 *  - each row of the table is a fact, and the finding that it leads to
 *  - a store where all is well has nothing but what is ok
 *  - of a backup, and of a store that moves, nothing is said of who is at work
 *  - what was refused is one finding, and nothing is said of what could not be seen
 *  - findings show the first few rows and events; the count tells of all
 */
import type { StoreState } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import type {
  HeadFacts,
  HeldFacts,
  PlaceFacts,
  RefusedFacts,
  StoreFacts,
  WorkFacts,
} from '../src/insight/doctor/facts.ts';
import type { Check, Severity } from '../src/insight/doctor/finding.ts';
import { judge } from '../src/insight/doctor/judge.ts';

const NOW = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400_000;

type FilePlace = Extract<PlaceFacts, { kind: 'file' }>;
type ServerPlace = Extract<PlaceFacts, { kind: 'server' }>;
type Login = ServerPlace['login'];

const reading = { wall: NOW, steady: 0, uptime: 0, boot: 'b' };
const database = { role: 'database', path: '/s/store.db', mode: 0o600, isMine: true, bytes: 1 } as const;
const folder = { role: 'folder', path: '/s', mode: 0o700, isMine: true, bytes: 1 } as const;

const file = (over: Partial<FilePlace> = {}): FilePlace => ({
  kind: 'file',
  path: '/s/store.db',
  version: '3.53.0',
  schema: 2,
  schemaKnown: 2,
  journalMode: 'wal',
  files: [folder, database],
  logBytes: 0,
  logBytesKept: 64_000_000,
  clock: { last: reading, jump: null },
  state: null,
  ...over,
});

const server = (over: Partial<ServerPlace> = {}, login: Partial<Login> = {}): ServerPlace => ({
  kind: 'server',
  version: '18.1',
  schema: 3,
  schemaKnown: 3,
  login: { user: 'agent', isSuperuser: false, isOwner: false, missing: [], excess: [], ...login },
  unsafeSettings: [],
  logBytes: null,
  logBytesKept: 1_000_000_000,
  idleSlots: [],
  clock: { last: reading, jump: null },
  state: null,
  now: NOW,
  ...over,
});

const work = (over: Partial<WorkFacts> = {}): WorkFacts => ({
  asOf: 100,
  now: NOW,
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

const facts = (over: Partial<StoreFacts> = {}): StoreFacts => ({
  url: 'sqlite:/s/store.db',
  place: file(),
  refusal: null,
  work: work(),
  localNow: NOW,
  ...over,
});

const held = (over: Partial<HeldFacts> = {}): HeldFacts => ({
  namespace: 'default',
  sessionId: 's',
  taskId: 't',
  agent: 'company-agent',
  fence: 7,
  staleAt: NOW + MINUTE,
  heartbeatAt: NOW,
  seq: 3,
  ...over,
});

const head = (over: Partial<HeadFacts> = {}): HeadFacts => ({
  namespace: 'default',
  sessionId: 's',
  taskId: 't',
  kind: 'report',
  assignee: null,
  role: null,
  waitsSince: NOW - SECOND,
  blocked: 0,
  ...over,
});

const nearMiss = (over: object = {}) => ({
  namespace: 'default',
  sessionId: 's',
  agent: 'company-agent',
  ttlMs: 120 * SECOND,
  renewals: 40,
  nearMisses: 4,
  lastNearMissAt: NOW - MINUTE,
  ...over,
});

const refused = (over: Partial<RefusedFacts> = {}): RefusedFacts => ({
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

const jump = (byMs: number, at = NOW - MINUTE) => ({ eventId: 20, at, byMs });

const state = (status: StoreState['status']): StoreState => ({
  status,
  id: 'm',
  address: 'postgres://host/new',
  at: NOW,
});
const MOVED = /moved to postgres:\/\/host\/new/;

type Row = readonly [what: string, facts: StoreFacts, check: Check, severity: Severity, says: RegExp, hint?: RegExp];

const ROWS: readonly Row[] = [
  ['a store as it should be', facts(), 'store', 'ok', /sqlite:\/s\/store.db, schema 2$/],
  ['a memory store', facts({ place: { kind: 'memory' }, work: null }), 'store', 'ok', /by this process alone/],
  [
    'a store that moved',
    facts({ place: file({ state: state('moved') }) }),
    'store',
    'error',
    MOVED,
    /ORCHESTRATOR_STORE/,
  ],
  [
    'one on a server',
    facts({ place: server({ state: state('moved') }) }),
    'store',
    'error',
    MOVED,
    /ORCHESTRATOR_STORE/,
  ],
  [
    'a store that moves',
    facts({ place: file({ state: state('moving') }), work: work({ held: [held({ staleAt: 0 })] }) }),
    'store',
    'warning',
    /being moved to postgres:\/\/host\/new/,
    /--abandon/,
  ],
  [
    'a backup',
    facts({
      place: file({ state: state('backup'), journalMode: 'delete' }),
      work: work({ held: [held({ staleAt: 0 })] }),
    }),
    'store',
    'ok',
    /a backup of postgres:\/\/host\/new$/,
  ],
  [
    'an older schema',
    facts({ place: file({ schema: 1 }), work: null }),
    'store',
    'error',
    /schema 1; .* needs 2/,
    /store init/,
  ],
  [
    'a newer schema',
    facts({ place: file({ schema: 9 }), work: null }),
    'store',
    'error',
    /schema 9; .* knows 2/,
    /Upgrade/,
  ],
  ['the version of a file', facts(), 'version', 'ok', /^SQLite 3\.53\.0$/],
  ['the version of a server', facts({ place: server() }), 'version', 'ok', /^PostgreSQL 18\.1$/],

  ['files of their owner', facts(), 'permissions', 'ok', /0600/],
  [
    'a file that others read',
    facts({ place: file({ files: [folder, { ...database, mode: 0o644 }] }) }),
    'permissions',
    'warning',
    /store\.db \(0644\)/,
    /--fix/,
  ],
  [
    'a side file that others read',
    facts({
      place: file({ files: [folder, database, { ...database, role: 'log', path: '/s/store.db-wal', mode: 0o640 }] }),
    }),
    'permissions',
    'warning',
    /store\.db-wal \(0640\)/,
  ],
  [
    'a folder that others write',
    facts({ place: file({ files: [{ ...folder, mode: 0o777 }, database] }) }),
    'permissions',
    'warning',
    /replace the store.*\/s \(0777\)/,
  ],
  [
    'a folder like /tmp',
    facts({ place: file({ files: [{ ...folder, mode: 0o1777 }, database] }) }),
    'permissions',
    'ok',
    /0600/,
  ],
  [
    'a folder that others read',
    facts({ place: file({ files: [{ ...folder, mode: 0o755 }, database] }) }),
    'permissions',
    'ok',
    /0600/,
  ],
  [
    'a file of another user',
    facts({ place: file({ files: [folder, { ...database, isMine: false }] }) }),
    'permissions',
    'notice',
    /of another user/,
  ],
  [
    'a system without modes',
    facts({ place: file({ files: [{ ...database, mode: null, isMine: null }] }) }),
    'permissions',
    'notice',
    /does not tell/,
  ],
  ['the login of an agent', facts({ place: server() }), 'permissions', 'ok', /agent may do what/],
  [
    'the login of a reader',
    facts({ place: server({}, { missing: ['INSERT event_log'] }) }),
    'permissions',
    'notice',
    /lacks INSERT event_log/,
    /orchestrator_app/,
  ],
  [
    'a superuser',
    facts({ place: server({}, { isSuperuser: true, isOwner: true, excess: ['UPDATE event_log'] }) }),
    'permissions',
    'warning',
    /is a superuser/,
    /store init --roles/,
  ],
  ['the owner', facts({ place: server({}, { isOwner: true }) }), 'permissions', 'warning', /act as the owner/],
  [
    'who may change the log',
    facts({ place: server({}, { excess: ['UPDATE event_log'] }) }),
    'permissions',
    'warning',
    /has UPDATE event_log/,
  ],

  ['a server that keeps commits', facts({ place: server() }), 'durability', 'ok', /survives/],
  [
    'a server that does not',
    facts({ place: server({ unsafeSettings: ['fsync = off'] }) }),
    'durability',
    'warning',
    /fsync = off/,
  ],
  [
    'a file in another journal mode',
    facts({ place: file({ journalMode: 'delete' }) }),
    'durability',
    'warning',
    /journal mode delete/,
  ],

  ['an all but empty log', facts({ place: file({ logBytes: 4_120 }) }), 'log_size', 'ok', /has 5 kB$/],
  ['a small log', facts({ place: file({ logBytes: 4_200_000 }) }), 'log_size', 'ok', /4\.2 MB/],
  ['a large log', facts({ place: file({ logBytes: 200_000_000 }) }), 'log_size', 'warning', /200\.0 MB/, /--fix/],
  ["a server's log that may not be asked for", facts({ place: server() }), 'log_size', 'ok', /only an administrator/],
  [
    "a server's large log",
    facts({ place: server({ logBytes: 9_000_000_000 }) }),
    'log_size',
    'warning',
    /9\.0 GB/,
    /archive/,
  ],
  [
    'a slot that no process reads',
    facts({ place: server({ idleSlots: [{ name: 'old', bytes: 5_000_000_000 }] }) }),
    'log_size',
    'warning',
    /old \(5\.0 GB\)/,
  ],

  ['no jump', facts(), 'clock', 'ok', /no jump/],
  [
    'a jump that waits',
    facts({ place: file({ clock: { last: reading, jump: { seenAt: NOW, byMs: 8 * 3_600_000, after: null } } }) }),
    'clock',
    'notice',
    /by 8 h .* not worked off/,
  ],
  [
    'a clock behind what was seen',
    facts({ place: file({ clock: { last: { ...reading, wall: NOW + MINUTE }, jump: null } }) }),
    'clock',
    'warning',
    /1 min before a time/,
    /NTP/,
  ],
  [
    'a sleep',
    facts({ work: work({ jumps: [jump(8 * 3_600_000)] }) }),
    'clock',
    'notice',
    /slept.* up to 8 h; 1 holder/,
  ],
  [
    'a clock that was set back',
    facts({ work: work({ jumps: [jump(-2 * MINUTE), jump(-MINUTE)] }) }),
    'clock',
    'warning',
    /set back by up to 2 min; 2 holders/,
    /NTP/,
  ],
  [
    'a jump of last month',
    facts({ work: work({ jumps: [jump(-2 * MINUTE, NOW - 30 * DAY)] }) }),
    'clock',
    'ok',
    /no jump/,
  ],
  [
    'a client ahead of its server',
    facts({ place: server(), localNow: NOW + 5 * SECOND }),
    'clock',
    'notice',
    /5 s ahead of the server/,
  ],

  ['no agent at work', facts(), 'stale_sessions', 'ok', /nobody/],
  ['live holders', facts({ work: work({ held: [held()] }) }), 'stale_sessions', 'ok', /1 session held, none stale/],
  [
    'a holder that has just fallen silent',
    facts({ work: work({ held: [held({ staleAt: NOW - SECOND })] }) }),
    'stale_sessions',
    'notice',
    /stale for 1 s\.$/,
  ],
  [
    'one that no process recovers',
    facts({ work: work({ held: [held({ staleAt: NOW - 2 * MINUTE }), held()] }) }),
    'stale_sessions',
    'warning',
    /^1 session .* 2 min; nobody/,
    /orchestrator recover/,
  ],

  ['nothing that waits', facts(), 'unclaimed_heads', 'ok', /nothing waits/],
  ['a fresh head', facts({ work: work({ heads: [head()] }) }), 'unclaimed_heads', 'ok', /1 session ready/],
  [
    'an old head',
    facts({ work: work({ heads: [head({ waitsSince: NOW - 2 * DAY })] }) }),
    'unclaimed_heads',
    'warning',
    /^1 head that nobody claims.*task t of kind report in session s, for 2 days/,
    /why task t --namespace default`.*claim --help/,
  ],
  [
    'an old head of a kind that others work on',
    facts({ work: work({ heads: [head({ waitsSince: NOW - DAY })], kindsAtWork: new Set(['default report']) }) }),
    'unclaimed_heads',
    'notice',
    /while others/,
    /why task t --namespace default`/,
  ],
  [
    'more heads than were counted',
    facts({ work: work({ heads: [head({ waitsSince: NOW - DAY })], capped: true }) }),
    'unclaimed_heads',
    'warning',
    /^1\+ heads/,
  ],

  [
    'a head for another with work behind it',
    facts({ work: work({ heads: [head({ waitsSince: NOW - DAY, role: 'editor', blocked: 3 })] }) }),
    'blocked_queues',
    'warning',
    /^1 session blocked.*3 tasks behind it.*for the role editor/,
    /why task t --namespace default`/,
  ],
  [
    'a head for another with nothing behind it',
    facts({ work: work({ heads: [head({ waitsSince: NOW - DAY, assignee: 'home-agent' })] }) }),
    'blocked_queues',
    'ok',
    /no queue/,
  ],
  [
    'a head for any agent',
    facts({ work: work({ heads: [head({ waitsSince: NOW - DAY, blocked: 3 })] }) }),
    'blocked_queues',
    'ok',
    /no queue/,
  ],
  [
    'a head handed over just now',
    facts({ work: work({ heads: [head({ assignee: 'home-agent', blocked: 3 })] }) }),
    'blocked_queues',
    'ok',
    /no queue/,
  ],

  ['renewals in time', facts(), 'near_misses', 'ok', /no lease was renewed late/],
  [
    'many near misses',
    facts({ work: work({ nearMisses: [nearMiss()] }) }),
    'near_misses',
    'warning',
    /^4 of 40 renewals/,
    /--ttl 240s/,
  ],
  [
    'a hiccup',
    facts({ work: work({ nearMisses: [nearMiss({ nearMisses: 1 })] }) }),
    'near_misses',
    'notice',
    /^1 of 40/,
  ],
  [
    'the longest TTL there is',
    facts({ work: work({ nearMisses: [nearMiss({ ttlMs: DAY })] }) }),
    'near_misses',
    'warning',
    /4 of 40/,
    /--ttl 86400s/,
  ],
  [
    'near misses of last week',
    facts({ work: work({ nearMisses: [nearMiss({ lastNearMissAt: NOW - 7 * DAY })] }) }),
    'near_misses',
    'ok',
    /no lease/,
  ],

  ['no agent fenced', facts(), 'fenced_agents', 'ok', /no late write/],
  [
    'a zombie',
    facts({ work: work({ refused: [refused()] }) }),
    'fenced_agents',
    'warning',
    /^company-agent \(one\) was fenced once, last 1 min ago: its release in session s .* taken over 2 min before/,
  ],
  [
    'a zombie that was recovered',
    facts({ work: work({ refused: [refused({ endedBy: 'task.recovered' })] }) }),
    'fenced_agents',
    'warning',
    /had been recovered/,
  ],
  [
    'a zombie of last week',
    facts({ work: work({ refused: [refused({ at: NOW - 7 * DAY })] }) }),
    'fenced_agents',
    'ok',
    /no late write/,
  ],
];

test.for(ROWS)('%s', ([, given, check, severity, says, hint = /|/]) => {
  const findings = judge(given).filter((finding) => finding.check === check);

  expect(findings.map((finding) => finding.severity)).toEqual([severity]);
  expect(findings[0]?.message).toMatch(says);
  expect(findings[0]?.hint ?? '').toMatch(hint);
});

test('a store where all is well has nothing but what is ok', () => {
  for (const place of [file(), server()]) {
    const findings = judge(facts({ place }));

    expect(findings.map(({ severity }) => severity)).toEqual(findings.map(() => 'ok'));
    expect(findings.length).toBeGreaterThan(8);
  }
});

test.for(['moved', 'backup'] as const)('%s: nothing is said of who is at work', (status) => {
  const place = file({ state: state(status), journalMode: status === 'backup' ? 'delete' : 'wal' });

  const findings = judge(facts({ place, work: work({ held: [held({ staleAt: 0 })] }) }));

  expect(findings.filter(({ severity }) => severity !== 'ok').map(({ check }) => check)).toEqual(
    status === 'backup' ? [] : ['store'],
  );
});

test('what was refused is one finding, and nothing is said of what could not be seen', () => {
  const refusal = { code: 'STORE_UNREACHABLE', message: 'The store cannot be reached.', hint: 'Check the address.' };

  const findings = judge(facts({ place: null, work: null, refusal }));

  expect(findings).toMatchObject([
    { check: 'store', severity: 'error', message: expect.stringContaining('STORE_UNREACHABLE'), hint: refusal.hint },
  ]);
});

test('findings show the first few rows and events; the count tells of all', () => {
  const stale = Array.from({ length: 25 }, (_, at) => held({ sessionId: `s${at}`, staleAt: NOW - MINUTE - at }));
  const zombies = Array.from({ length: 25 }, (_, at) => refused({ eventId: at }));

  const findings = judge(facts({ work: work({ held: stale, refused: zombies }) }));

  const [silent] = findings.filter(({ check }) => check === 'stale_sessions');
  const [fenced] = findings.filter(({ check }) => check === 'fenced_agents');
  expect(silent).toMatchObject({ count: 25, fix: 'recover_stale' });
  expect(silent?.subjects.map(({ sessionId }) => sessionId).slice(0, 2)).toEqual(['s24', 's23']);
  expect(silent?.evidenceRefs).toHaveLength(10);
  expect(fenced?.evidenceRefs.slice(0, 2)).toEqual([
    { is: 'event', id: 24 },
    { is: 'lease', namespace: 'default', sessionId: 's', fence: 7, effect: 'ended', upTo: 9 },
  ]);
  expect(fenced?.message).toMatch(/25 times/);
});
