/*
 * The suite itself:
 *
 * - a skip of a case that does not exist fails the run, and so does a chapter that does not exist
 * - what a target does not offer is not asked of it
 * - what is not asked has its reason, and stands in the list of promises with it
 * - a storage that says it is durable must show it
 * - an attack that succeeds fails its case, one that is refused passes
 * - a random walk that fails says its seed, and is shrunk to few steps
 * - a storage whose large writes commit late keeps its promises, if what is settled ends before them
 * - every promise is listed, under a title of its own
 */
import { describe, expect, test } from 'vitest';
import { casesFor, conformance, coverageOf, PROMISES, runCase, type Opened, type Target } from '../src/index.ts';
import { lateAndHonest } from './mutants/followers.ts';
import type { Mutant } from './mutants/mutant.ts';
import { receipts } from './mutants/receipts.ts';
import { memoryTarget } from './open-memory.ts';

const target = memoryTarget as unknown as Target;

function caseNamed(title: string, of: Target = target) {
  const found = casesFor(of).find((one) => one.title === title);
  if (found === undefined) throw new Error(`there is no case ${title}`);
  return found;
}

/** New data, with both connections wrapped. */
async function wrapped(wrap: Mutant['wrap']): Promise<Opened> {
  const opened = await memoryTarget.open();
  return { ...opened, storage: wrap(opened.storage, opened), peer: wrap(opened.peer, opened) };
}

describe('the suite', () => {
  test('a skip of a case that does not exist fails the run', () => {
    const skip = { 'there is no such promise': 'a reason' };

    expect(() => conformance({ ...target, skip })).toThrow(/skips cases that do not exist: there is no such promise/);
  });

  test('a chapter that does not exist fails the run', () => {
    expect(() => conformance(target, 'no such chapter')).toThrow('there is no chapter no such chapter');
  });

  test('what a target does not offer is not asked of it', () => {
    const less: Target = { ...target, reopen: undefined };

    const chapters = new Set(casesFor(less).map(({ chapter }) => chapter));

    expect(chapters).not.toContain('restart');
    expect(chapters).not.toContain('several processes');
    expect(chapters).not.toContain('rows of a store');
    expect(new Set(casesFor(target).map(({ chapter }) => chapter))).toContain('restart');
  });

  test('what is not asked has its reason, and stands in the list of promises with it', () => {
    const [first] = PROMISES;
    const { child: _child, rows: _rows, ...offer } = { ...target, skip: { [first?.title ?? '']: 'a reason' } };

    const coverage = coverageOf(offer);

    const reasonOf = ({ title, needs }: (typeof PROMISES)[number]) => {
      if (needs === 'child') return 'no other process can open its data';
      if (needs === 'rows') return 'its data are never copied, moved or backed up';
      return title === first?.title ? 'a reason' : null;
    };
    expect(coverage.map(({ of, skipped }) => [of.title, skipped])).toEqual(
      PROMISES.map((promise) => [promise.title, reasonOf(promise)]),
    );
  });

  test('a storage that says it is durable must show it', async () => {
    const { storage, peer, ...rest } = await target.open();
    const durable = { ...storage.capabilities, durable: true };
    const lying = { storage: { ...storage, capabilities: durable }, peer: { ...peer, capabilities: durable }, ...rest };
    const liar: Target = { ...target, open: async () => lying, reopen: undefined };

    const run = runCase(liar, caseNamed('what is durable can be opened again, and the target shows it'));

    await expect(run).rejects.toThrow(/expected true to be false/);
  });

  test('an attack that succeeds fails its case, one that is refused passes', async () => {
    const attacks = {
      'nothing happens': () => {},
      'it is refused': () => {
        throw new Error('refused');
      },
    };
    const attacked: Target = { ...target, attacks };

    const succeeds = runCase(attacked, caseNamed('tampering is refused: nothing happens', attacked));
    const refused = runCase(attacked, caseNamed('tampering is refused: it is refused', attacked));

    await expect(succeeds).rejects.toThrow(/instead of rejecting/);
    await refused;
  });

  test('a random walk that fails says its seed, and is shrunk to few steps', async () => {
    const mutant = receipts[0];
    if (mutant === undefined) throw new Error('there are mutants');
    const broken: Target = { ...target, open: async () => wrapped(mutant.wrap), walk: { steps: 500, seed: 7 } };
    const title = 'after each random command the answer, every row and the log are those of the model';

    const message = await runCase(broken, caseNamed(title, broken)).then(
      () => 'it passes',
      (error: Error) => error.message,
    );

    expect(message).toMatch(/seed: 7/);
    expect(message).toMatch(/Shrunk [1-9]\d* time/);
    const steps = message.match(/\bis"?:/g) ?? [];
    expect(steps.length).toBeLessThanOrEqual(4);
  });

  test('a storage whose large writes commit late keeps its promises, if what is settled ends before them', async () => {
    const late: Target = { ...target, open: async () => wrapped(lateAndHonest) };
    const ofFollowers = casesFor(late).filter(({ title }) => title.startsWith('a follower that'));

    for (const one of ofFollowers) await runCase(late, one);

    expect(ofFollowers.length).toBe(2);
  });

  test('every promise is listed, under a title of its own', () => {
    const titles = PROMISES.map(({ title }) => title);

    expect(new Set(titles).size).toBe(titles.length);
    expect(PROMISES.slice(0, 1)).toEqual([{ chapter: '1. claim and release', title: titles[0], needs: null }]);
    expect(titles.length).toBeGreaterThan(300);
  });
});
