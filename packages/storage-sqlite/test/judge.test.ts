/*
 * What the facts of a store's file amount to:
 *  - each row of the table is a fact, and the finding that it leads to
 *  - a file as it should be has nothing but what is ok
 *  - a fix is named only for files that this user may change
 */
import type { PlaceCheck, Severity } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { judge, type SqliteFacts } from '../src/place/judge.ts';

const database = { role: 'database', path: '/s/store.db', mode: 0o600, isMine: true, bytes: 1 } as const;
const folder = { role: 'folder', path: '/s', mode: 0o700, isMine: true, bytes: 1 } as const;

const facts = (over: Partial<SqliteFacts> = {}): SqliteFacts => ({
  version: '3.53.0',
  isBackup: false,
  journalMode: 'wal',
  lock: { isFree: true, triedMs: 0, holder: null },
  files: [folder, database],
  logBytes: 0,
  logBytesKept: 64_000_000,
  ...over,
});

const fixes = (given: SqliteFacts) => judge(given).flatMap(({ fix }) => fix ?? []);

type Row = readonly [
  what: string,
  facts: SqliteFacts,
  check: PlaceCheck,
  severity: Severity,
  says: RegExp,
  hint?: RegExp,
];

const ROWS: readonly Row[] = [
  ['the version', facts(), 'version', 'ok', /^SQLite 3\.53\.0$/],

  ['files of their owner', facts(), 'permissions', 'ok', /0600/],
  [
    'a file that others read',
    facts({ files: [folder, { ...database, mode: 0o644 }] }),
    'permissions',
    'warning',
    /store\.db \(0644\)/,
    /--fix/,
  ],
  [
    'a side file that others read',
    facts({ files: [folder, database, { ...database, role: 'log', path: '/s/store.db-wal', mode: 0o640 }] }),
    'permissions',
    'warning',
    /store\.db-wal \(0640\)/,
  ],
  [
    'a folder that others write',
    facts({ files: [{ ...folder, mode: 0o777 }, database] }),
    'permissions',
    'warning',
    /replace the store.*\/s \(0777\)/,
  ],
  ['a folder like /tmp', facts({ files: [{ ...folder, mode: 0o1777 }, database] }), 'permissions', 'ok', /0600/],
  ['a folder that others read', facts({ files: [{ ...folder, mode: 0o755 }, database] }), 'permissions', 'ok', /0600/],
  [
    'a file of another user',
    facts({ files: [folder, { ...database, isMine: false }] }),
    'permissions',
    'notice',
    /Another user owns/,
  ],
  [
    'a system without modes',
    facts({ files: [{ ...database, mode: null, isMine: null }] }),
    'permissions',
    'notice',
    /does not show/,
  ],

  [
    'a lock that is kept by a process that the system names',
    facts({ lock: { isFree: false, triedMs: 1_000, holder: { pid: 4711, program: 'python3' } } }),
    'lock',
    'warning',
    /^For 1000 ms .* by process 4711 \(python3\)\.$/,
    /STORE_BUSY/,
  ],
  [
    'a lock that is kept by a process that the system does not name',
    facts({ lock: { isFree: false, triedMs: 1_000, holder: null } }),
    'lock',
    'warning',
    /by another process/,
  ],

  ['another journal mode', facts({ journalMode: 'delete' }), 'durability', 'warning', /journal mode delete/],

  ['an all but empty log', facts({ logBytes: 4_120 }), 'log_size', 'ok', /has 5 kB$/],
  ['a small log', facts({ logBytes: 4_200_000 }), 'log_size', 'ok', /4\.2 MB/],
  ['a large log', facts({ logBytes: 200_000_000 }), 'log_size', 'warning', /200\.0 MB/, /--fix/],
];

test.for(ROWS)('%s', ([, given, check, severity, says, hint = /|/]) => {
  const findings = judge(given).filter((finding) => finding.check === check);

  expect(findings.map((finding) => finding.severity)).toEqual([severity]);
  expect(findings[0]?.message).toMatch(says);
  expect(findings[0]?.hint ?? '').toMatch(hint);
});

test.for([
  ['a file', facts()],
  ['a backup', facts({ isBackup: true, journalMode: 'delete', lock: null })],
] as const)('%s as it should be has nothing but what is ok', ([, given]) => {
  expect(judge(given).map(({ check, severity }) => [check, severity])).toEqual([
    ['version', 'ok'],
    ['permissions', 'ok'],
    ...(given.lock === null ? [] : [['lock', 'ok']]),
    ['log_size', 'ok'],
  ]);
});

test('a fix is named only for files that this user may change', () => {
  const open = { ...database, mode: 0o666 };

  expect(fixes(facts({ files: [folder, open], logBytes: 200_000_000 }))).toEqual(['tighten_files', 'empty_log']);
  expect(fixes(facts({ files: [folder, { ...open, isMine: false }] }))).toEqual([]);
});
