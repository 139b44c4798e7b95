/*
 * What the last lines of a run say of a store that was not reached:
 *  - it refused the outcome: why, and that the task is recovered
 *  - it did not answer a try: that it is not known whether the outcome arrived, even if it refused a later one
 *  - it came back when the lease was over: what became of the task
 * And of a file that the command did not leave: where it should be, without a password.
 */
import type { ClaimRecord, LeaseRefusal } from '@agent-orchestrator/core';
import type { RunResult } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { failureOfRun, missingLine } from '../src/run/words.ts';

const CLAIM = { task: { id: 'build', number: 1 } } as ClaimRecord;
const RECOVERED = 'The task is recovered when its lease is stale.';
const REFUSED = 'The outcome of task build could not be reported';
const NOT_KNOWN = 'It is not known whether the outcome of task build arrived.';
const IF_NOT =
  '`orchestrator task show build` shows the task. If it did not arrive, the task is recovered when its lease is stale.';
const LATE = 'The store could not be reached until the lease was over.';

const UNREACHABLE: RunResult = {
  reason: 'store_unreachable',
  code: null,
  signal: 'SIGTERM',
  interruptedBy: null,
  outcome: null,
  status: null,
  lost: null,
  runAt: null,
  message: null,
  outcomeUnknown: false,
  artifacts: [],
  artifactsMissing: [],
  startedAt: 1,
  endedAt: 2,
};

test.each<[what: string, result: Partial<RunResult>, message: string, hint: string]>([
  ['it refused the outcome', { message: 'It was moved.' }, `${REFUSED}: It was moved.`, RECOVERED],
  ['it gave no reason', {}, `${REFUSED}.`, RECOVERED],
  [
    'it did not answer',
    { outcomeUnknown: true, message: 'The store did not answer.' },
    `The store did not answer. ${NOT_KNOWN}`,
    IF_NOT,
  ],
  [
    'it did not answer, and then refused the outcome',
    { outcomeUnknown: true, message: 'It was replaced (28P01)' },
    `It was replaced (28P01). ${NOT_KNOWN}`,
    IF_NOT,
  ],
  [
    'it took the task back',
    { outcome: 'released', status: 'queued' },
    LATE,
    'The task was given back; no attempt was charged.',
  ],
  [
    'it cancelled the task',
    { outcome: 'released', status: 'cancelled' },
    LATE,
    'Task build is cancelled, as requested.',
  ],
  [
    'the task had been released by the command',
    { lost: { ok: false } as LeaseRefusal },
    LATE,
    'Task build had been released before, with the token of this run.',
  ],
])('%s', (_, result, message, hint) => {
  const failure = failureOfRun({ ...UNREACHABLE, ...result }, CLAIM);

  expect(failure).toMatchObject({ code: 'STORE_UNREACHABLE', exit: 69, message, hint });
});

test.each([
  [
    false,
    'Task build is still claimed there.',
    'Run it again with --store and the new address, and with --resume: it takes the session back.',
  ],
  [
    true,
    NOT_KNOWN,
    '`orchestrator task show build` shows the task, with --store and the new address. If it did not arrive, run the ' +
      'command again with that --store, and with --resume.',
  ],
])('it has moved, outcome unknown: %s', (outcomeUnknown, said, hint) => {
  const result: RunResult = { ...UNREACHABLE, reason: 'store_moved', outcomeUnknown, message: 'It has moved.' };

  const message = `It has moved. ${said}`;
  expect(failureOfRun(result, CLAIM)).toMatchObject({ code: 'STORE_MOVED', exit: 78, message, hint });
});

test('the journal lacks the outcome: the store has answered', () => {
  const result: RunResult = { ...UNREACHABLE, reason: 'journal_unwritable', message: 'The disk is full.' };

  const message = 'The outcome of task build is not in the journal: The disk is full.';
  const hint = expect.stringContaining('The store has answered: ');
  expect(failureOfRun(result, CLAIM)).toMatchObject({ code: 'JOURNAL_UNWRITABLE', exit: 74, message, hint });
});

test('a missing artifact is named without the password of its address', () => {
  expect(missingLine({ path: 'ftp://me:hunter2@host/out', reason: 'ENOENT' })).toBe(
    'the artifact ftp://host/out could not be read: ENOENT',
  );
});
