import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import type { World } from '../world.ts';

export const capabilities = chapter('capabilities', {
  'they are data, the same on every connection': areData,
  'what is durable can be opened again, and the target shows it': durable,
  'what is open to several processes is opened by one, and the target shows it': multiProcess,
  'what several machines can share, several processes can': shared,
  'its times are multiples of the precision it names': precision,
});

function areData({ storage, peer }: World): void {
  expect(storage.capabilities).toEqual({
    shared: expect.any(Boolean),
    multiProcess: expect.any(Boolean),
    durable: expect.any(Boolean),
    wakeUp: expect.stringMatching(/^(push|poll)$/),
    sleepGrace: expect.any(Boolean),
    timePrecisionMs: expect.any(Number),
  });
  expect(peer.capabilities).toEqual(storage.capabilities);
}

function durable({ storage, target }: World): void {
  expect(storage.capabilities.durable && target.reopen === undefined).toBe(false);
}

function multiProcess({ storage, target }: World): void {
  expect(storage.capabilities.multiProcess).toBe(target.child !== undefined);
}

function shared({ storage }: World): void {
  expect(storage.capabilities.shared && !storage.capabilities.multiProcess).toBe(false);
}

async function precision(world: World): Promise<void> {
  const { timePrecisionMs } = world.storage.capabilities;
  world.clock.advance(timePrecisionMs * 3);

  const { task, lease } = await world.claimNew();

  expect(timePrecisionMs).toBeGreaterThanOrEqual(1);
  for (const time of [await world.peer.read.now(), task.createdAt, lease.expiresAt])
    expect(time % timePrecisionMs).toBe(0);
}
