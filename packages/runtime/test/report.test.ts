/*
 * What a run reports to the store:
 *  - why a command never started is cut to a note that the store takes, also between the halves of a character
 */
import { fields } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { reportOf } from '../src/run/report.ts';

test.for(['', 'x'])('why a command never started is a note that the store takes, wherever it is cut: %j', (begin) => {
  const message = `${begin}${'\u{1F600}'.repeat(700)} could not be started`;
  const told = { left: { artifacts: [], artifactsMissing: [] }, signal: undefined, timeoutMs: undefined, message };

  const { outcome, note = '' } = reportOf('not_started', { code: null, signal: null }, told);

  expect([outcome, note.length, fields.note.safeParse(note).success]).toEqual(['released', 1_000, true]);
});
