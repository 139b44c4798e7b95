/* Further memory, of a session and of reviewed work, is shown without the password of its address. */
import type { ClaimRecord, Context, TaskRecord } from '@agent-orchestrator/core';
import { Names } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { claimCard } from '../src/views/claim.ts';

const context = (host: string) => ({ turn: 1, memoryRef: `https://me:hunter2@${host}/a`, data: null }) as Context;

test('the card of a claim tells both', () => {
  const nothing = { payload: null, result: null, question: null, answer: null };
  const task = { id: 'x', number: 1, status: 'in_review', title: 'x', ...nothing } as TaskRecord;
  const reviewed = { task, context: context('reviewed') };
  const claim = { task, lease: {}, context: context('own'), takeover: null, reviewed } as unknown as ClaimRecord;

  const lines = claimCard(claim, new Names(), 0, (_style, text) => text);

  expect(lines.filter((line) => /memory/u.test(line)).map((line) => line.trim())).toEqual([
    'memory       https://me:…@own/a',
    'its memory   https://me:…@reviewed/a',
  ]);
});
