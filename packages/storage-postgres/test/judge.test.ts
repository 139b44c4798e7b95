/*
 * What the facts of a store on a server amount to:
 *  - each row of the table is a fact, and the finding that it leads to
 *  - who may create functions in the schema public is a warning of its own
 *  - a server as it should be has nothing but what is ok
 */
import type { PlaceCheck, Severity } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { judge, type LoginFacts, type PostgresFacts } from '../src/place/judge.ts';

const facts = (over: Partial<PostgresFacts> = {}, login: Partial<LoginFacts> = {}): PostgresFacts => ({
  version: '18.1',
  login: { user: 'agent', isSuperuser: false, isOwner: false, missing: [], excess: [], ...login },
  publicCreators: [],
  unsafeSettings: [],
  logBytes: null,
  logBytesKept: 1_000_000_000,
  idleSlots: [],
  ...over,
});

type Row = readonly [
  what: string,
  facts: PostgresFacts,
  check: PlaceCheck,
  severity: Severity,
  says: RegExp,
  hint?: RegExp,
];

const ROWS: readonly Row[] = [
  ['the version', facts(), 'version', 'ok', /^PostgreSQL 18\.1$/],

  ['the login of an agent', facts(), 'permissions', 'ok', /agent has the rights/],
  [
    'the login of a reader',
    facts({}, { missing: ['INSERT event_log'] }),
    'permissions',
    'notice',
    /lacks INSERT event_log/,
    /orchestrator_app/,
  ],
  [
    'a superuser',
    facts({}, { isSuperuser: true, isOwner: true, excess: ['UPDATE event_log'] }),
    'permissions',
    'warning',
    /is a superuser/,
    /store init --roles/,
  ],
  ['the owner', facts({}, { isOwner: true }), 'permissions', 'warning', /act as the owner/],
  [
    'a login that may change the log',
    facts({}, { excess: ['UPDATE event_log'] }),
    'permissions',
    'warning',
    /has UPDATE event_log/,
  ],

  ['a server that keeps commits', facts(), 'durability', 'ok', /survives/],
  [
    'a server that does not',
    facts({ unsafeSettings: ['fsync = off'] }),
    'durability',
    'warning',
    /fsync = off/,
    /Switch these settings on/,
  ],

  ['a log that may not be asked for', facts(), 'log_size', 'ok', /only an administrator/],
  ['a small log', facts({ logBytes: 48_000_000 }), 'log_size', 'ok', /has 48\.0 MB$/],
  ['a large log', facts({ logBytes: 9_000_000_000 }), 'log_size', 'warning', /9\.0 GB/, /archive/],
  [
    'a slot that no process reads',
    facts({ idleSlots: [{ name: 'old', bytes: 5_000_000_000 }] }),
    'log_size',
    'warning',
    /old \(5\.0 GB\)/,
  ],
  [
    'a slot that keeps little',
    facts({ idleSlots: [{ name: 'new', bytes: 5_000_000 }] }),
    'log_size',
    'ok',
    /only an administrator/,
  ],
];

test.for(ROWS)('%s', ([, given, check, severity, says, hint = /|/]) => {
  const findings = judge(given).filter((finding) => finding.check === check);

  expect(findings.map((finding) => finding.severity)).toEqual([severity]);
  expect(findings[0]?.message).toMatch(says);
  expect(findings[0]?.hint ?? '').toMatch(hint);
});

test('who may create functions in the schema public is a warning of its own', () => {
  const findings = judge(facts({ publicCreators: ['every login', 'mallory'] })).filter(
    ({ severity }) => severity !== 'ok',
  );

  expect(findings).toMatchObject([
    {
      check: 'permissions',
      severity: 'warning',
      message: expect.stringContaining('every login, mallory'),
      hint: expect.stringContaining('REVOKE CREATE ON SCHEMA public FROM PUBLIC'),
      count: 2,
    },
  ]);
});

test('a server as it should be has nothing but what is ok', () => {
  expect(judge(facts()).map(({ check, severity }) => [check, severity])).toEqual([
    ['version', 'ok'],
    ['permissions', 'ok'],
    ['durability', 'ok'],
    ['log_size', 'ok'],
  ]);
});
