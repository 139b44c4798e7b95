/*
 * What the facts of a store amount to:
 *  - each fact leads to its finding (doctor-place-cases.ts, doctor-work-cases.ts)
 *  - a store where all is well has nothing but what is ok
 *  - what the storage says of its place is reported as it is; where it says nothing, that is reported
 *  - of a backup, and of a store that moves, nothing is said of agents at work
 *  - what was refused is one finding, and nothing is said of what could not be seen
 *  - findings show the first few rows and events; the count tells of all
 */
import { expect, test } from 'vitest';
import { judge } from '../src/insight/doctor/judge.ts';
import { facts, held, MINUTE, NOW, place, refused, state, work } from './support/doctor-facts.ts';
import { PLACE_CASES } from './support/doctor-place-cases.ts';
import { WORK_CASES } from './support/doctor-work-cases.ts';

test.for([...PLACE_CASES, ...WORK_CASES])('%s', ([, given, check, severity, says, hint = /|/]) => {
  const findings = judge(given).filter((finding) => finding.check === check);

  expect(findings.map((finding) => finding.severity)).toEqual([severity]);
  expect(findings[0]?.message).toMatch(says);
  expect(findings[0]?.hint ?? '').toMatch(hint);
});

test('a store where all is well has nothing but what is ok', () => {
  const findings = judge(facts());

  expect(findings.map(({ severity }) => severity)).toEqual(findings.map(() => 'ok'));
  expect(findings.length).toBeGreaterThan(6);
});

test.for(['moved', 'backup'] as const)('%s: nothing is said of agents at work', (status) => {
  const findings = judge(facts({ state: state(status), work: work({ held: [held({ staleAt: 0 })] }) }));

  expect(findings.filter(({ severity }) => severity !== 'ok').map(({ check }) => check)).toEqual(
    status === 'backup' ? [] : ['store'],
  );
});

test('what the storage says of its place is reported as it is, after the store', () => {
  const warning = {
    check: 'permissions',
    severity: 'warning',
    message: 'Other users may open it.',
    hint: 'Close it.',
    count: 3,
    fix: 'close_it',
  } as const;

  const [store, finding] = judge(facts({ place: place({ findings: [warning] }) }));

  expect(store?.check).toBe('store');
  expect(finding).toEqual({ ...warning, countCapped: false, subjects: [], evidenceRefs: [] });
});

test('where the storage says nothing of its place, the report says that nothing was checked there', () => {
  const findings = judge(facts({ place: null })).filter(({ check }) => check === 'store');

  expect(findings.map(({ severity }) => severity)).toEqual(['ok', 'notice']);
  expect(findings[1]?.message).toMatch(/permissions.* not checked/);
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
