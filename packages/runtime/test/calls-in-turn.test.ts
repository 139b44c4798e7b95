/*
 * A run needs one connection:
 *  - a look at its task waits until all that the holder has sent is answered, also if it failed
 *  - what the holder sends waits for a look under way, but not for one that gets no answer: that delays it once
 */
import type { TaskRecord } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { CallsInTurn } from '../src/run/calls-in-turn.ts';

type Calls = ConstructorParameters<typeof CallsInTurn>[0];

/** Calls that wait until the test answers them, and what was sent so far. */
function calls(ttlMs: number) {
  const sent: string[] = [];
  const answer: Record<string, (how: 'answered' | 'failed') => void> = {};
  const send = async (name: string) => {
    sent.push(name);
    const how = await new Promise<string>((resolve) => (answer[name] = resolve));
    if (how === 'failed') throw new Error('away');
    return null as never;
  };
  const inTurn = new CallsInTurn(
    {
      heartbeat: () => send('heartbeat'),
      checkpoint: () => send('checkpoint'),
      releaseTask: () => send('release'),
      getTask: (): Promise<TaskRecord> => send('look'),
    },
    ttlMs,
  );
  return { sent, answer, inTurn };
}

const TURN = { token: 't' };

async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

test.for(['answered', 'failed'] as const)('a look waits until what the holder sent is %s', async (how) => {
  const { sent, answer, inTurn } = calls(3_600_000);
  const sending = Promise.allSettled([
    inTurn.heartbeat(TURN),
    inTurn.checkpoint({} as Parameters<Calls['checkpoint']>[0]),
  ]);
  await settle();
  const look = inTurn.getTask('t');
  answer['heartbeat']?.(how);
  await settle();
  expect(sent).toEqual(['heartbeat', 'checkpoint']);

  answer['checkpoint']?.(how);
  await settle();
  answer['look']?.('answered');

  await expect(look).resolves.toBeNull();
  await sending;
  expect(sent).toEqual(['heartbeat', 'checkpoint', 'look']);
});

test.for(['answered', 'failed'] as const)('what the holder sends waits until a look is %s', async (how) => {
  const { sent, answer, inTurn } = calls(3_600_000);
  const look = inTurn.getTask('t').catch(() => {});
  const release = inTurn.releaseTask({} as Parameters<Calls['releaseTask']>[0]);
  await settle();
  expect(sent).toEqual(['look']);

  answer['look']?.(how);
  await look;
  await settle();
  answer['release']?.('answered');

  await expect(release).resolves.toBeNull();
  expect(sent).toEqual(['look', 'release']);
});

test('a look that gets no answer delays one heartbeat by a small part of the TTL, and nothing after it', async () => {
  const { sent, answer, inTurn } = calls(160);
  const look = inTurn.getTask('t');
  const heartbeat = inTurn.heartbeat(TURN);

  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(sent).toEqual(['look', 'heartbeat']);
  const checkpoint = inTurn.checkpoint({} as Parameters<Calls['checkpoint']>[0]);
  await Promise.resolve();
  await Promise.resolve();

  expect(sent).toEqual(['look', 'heartbeat', 'checkpoint']);
  for (const name of sent) answer[name]?.('answered');
  await Promise.all([look, heartbeat, checkpoint]);
});
