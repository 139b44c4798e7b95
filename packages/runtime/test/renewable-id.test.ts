// The id of a command that is sent until it is answered:
// - it stays the same after an outage
// - one that the store refused for its time gives way to a new one, unless that was refused at once
// - where the command may have had its effect, only if the clock was set back since: a receipt would have answered
import { OrchestratorError, type ErrorCode } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { RenewableId } from '../src/work/resend.ts';
import { FakeTime } from './support/fake-time.ts';

const HOUR_MS = 3_600_000;

/** Which of the tries that failed so led to a new id, where the clock was set after the first. */
function renewals(setMs: number, ...codes: readonly ErrorCode[]): readonly boolean[] {
  const time = new FakeTime();
  const id = new RenewableId(time.newCommandId, time);
  return codes.map((code, at) => {
    const before = id.current;
    const renewed = id.renewAfter(new OrchestratorError(code));
    expect(id.current !== before).toBe(renewed);
    if (at === 0) time.setWall(setMs);
    return renewed;
  });
}

test('it stays the same after an outage, and after what is no error of ours', () => {
  const time = new FakeTime();
  const id = new RenewableId(time.newCommandId, time);
  const { current } = id;

  expect(id.renewAfter(new OrchestratorError('STORE_UNREACHABLE'))).toBe(false);
  expect(id.renewAfter(new Error('COMMAND_ID_EXPIRED'))).toBe(false);
  expect(id.current).toBe(current);
});

test.each([-2 * HOUR_MS, 9 * 24 * HOUR_MS])('after the clock was set by %i ms it is a new one', (setMs) => {
  expect(renewals(setMs, 'STORE_UNREACHABLE', 'COMMAND_ID_EXPIRED')).toEqual([false, true]);
});

test('a new one that is refused at once is the last one; later it may give way again', () => {
  const expired = 'COMMAND_ID_EXPIRED';

  expect(renewals(-2 * HOUR_MS, 'STORE_BUSY', expired, expired)).toEqual([false, true, false]);
  expect(renewals(-2 * HOUR_MS, 'STORE_BUSY', expired, 'STORE_BUSY', expired)).toEqual([false, true, false, true]);
});

test.each(['OUTCOME_UNKNOWN', 'STORE_IO', 'JOURNAL_UNWRITABLE'] as const)('after %s only if it is ahead', (code) => {
  expect(renewals(-1, code, 'COMMAND_ID_EXPIRED')).toEqual([false, true]);
  expect(renewals(0, code, 'COMMAND_ID_EXPIRED')).toEqual([false, false]);
  expect(renewals(9 * 24 * HOUR_MS, code, 'STORE_BUSY', 'COMMAND_ID_EXPIRED')).toEqual([false, false, false]);
});
