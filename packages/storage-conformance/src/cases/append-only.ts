import { expect } from 'vitest';
import { chapter, type Case } from '../chapter.ts';
import { holderOf } from '../factories.ts';
import type { Target } from '../target.ts';
import type { World } from '../world.ts';

const CHAPTER = 'append-only';

export const appendOnly = chapter(CHAPTER, {
  'a written event never changes, whatever is done afterwards': staysAsItWas,
  'the chain of a session begins with zeros, and each event names the hash of the one before it': chains,
});

/** One case for each way of tampering that the target names. */
export function attackCases(target: Pick<Target, 'attacks'>): readonly Case[] {
  const attacks = Object.entries(target.attacks ?? {});
  const promises = attacks.map(([name, attack]) => [`tampering is refused: ${name}`, refuses(attack)] as const);
  return chapter(CHAPTER, Object.fromEntries(promises));
}

async function staysAsItWas(world: World): Promise<void> {
  const claim = await world.claimNew();
  const before = (await world.everything()).events;

  await world.orchestrator.checkpoint(holderOf(claim));
  await world.release(claim);
  await world.orchestrator.enqueueTask({ sessionId: claim.lease.sessionId });

  const after = (await world.everything()).events;
  expect(after.length).toBeGreaterThan(before.length);
  expect(after.slice(0, before.length)).toEqual(before);
}

async function chains(world: World): Promise<void> {
  const claim = await world.claimNew();
  await world.release(claim);

  const { events } = await world.everything();

  expect(events.map(({ prevHash }) => prevHash)).toEqual([
    '0'.repeat(64),
    ...events.slice(0, -1).map(({ hash }) => hash),
  ]);
}

function refuses(attack: NonNullable<Target['attacks']>[string]) {
  return async (world: World): Promise<void> => {
    const claim = await world.claimNew();
    await world.release(claim);

    const before = await world.everything();

    const attempt = (async () => attack(world.opened))();

    await expect(attempt, 'the attack').rejects.toBeInstanceOf(Error);
    expect(await world.everything()).toEqual(before);
  };
}
