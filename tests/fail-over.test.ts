// What the fail-over page tells an operator to type, on files:
// - the tests run every command and every program of the page
// - a restored older backup lacks what was acknowledged since: the page's commands list exactly that, and repair it
import { expect, test } from 'vitest';
import { blocks, page, runsTypeScript } from './support/readme.ts';
import { commandsIn, commandsOf, doneIn, Operator, PAGE, PARTS } from './support/operator.ts';

const BUSY = { timeout: 60_000 };

test('the tests run every command and every program of the page', async () => {
  const text = await page(PAGE);
  const parts = Object.keys(PARTS) as (keyof typeof PARTS)[];
  const commands = await Promise.all(parts.map(commandsOf));

  expect(blocks(text, 'sh')).toEqual(commands.flat());
  expect(commands.map(({ length }) => length)).toEqual([1, 2, 3, 1]);
  expect(blocks(text, 'ts')).toHaveLength(1);
});

test.runIf(runsTypeScript)(
  'a restored older backup lacks what was acknowledged since: the commands list exactly that, and repair it',
  async () => {
    const [run = ''] = await commandsOf('journals');
    const [backup = '', restore = '', check = ''] = await commandsOf('restore');
    const [addAgain = ''] = await commandsOf('repair');
    await using operator = await Operator.withHome();
    const [store, restored] = ['store', 'restored'].map((name) => `sqlite:${operator.folder}/${name}.db`) as [
      string,
      string,
    ];
    Object.assign(operator.env, { ORCHESTRATOR_STORE: store, RESTORED: restored });

    operator.writeTasks(4);
    await operator.typeWell(addAgain);
    await operator.typeWell(run);
    operator.startWorker();
    await expect.poll(() => doneIn(store), BUSY).toEqual(keys(4));
    await operator.typeWell(backup);
    operator.writeTasks(3);
    await operator.typeWell(addAgain);
    await expect.poll(() => doneIn(store), BUSY).toEqual(keys(7));
    await operator.stopWorkers();
    await operator.typeWell(restore);
    const checked = await operator.type(check);
    const missing = await operator.missing(`--store ${restored}`);

    const [was, is] = [await commandsIn(store), await commandsIn(restored)];
    const lost = operator.acknowledged().filter((id) => was.has(id) && !is.has(id));
    expect(lost.length).toBeGreaterThanOrEqual(7);
    expect(missing).toEqual(lost.toSorted());
    expect(checked).toMatchObject({ exit: 1, stdout: expect.stringContaining('the chains are complete') });
    expect(checked.stdout).toContain(`${lost.length} acknowledged operations are missing (`);
    for (const id of lost) expect(checked.stdout).toContain(id);
    expect(await operator.missing()).toEqual([]);

    operator.env['ORCHESTRATOR_STORE'] = restored;
    operator.startWorker();
    const added = await operator.typeWell(addAgain);
    await expect.poll(() => doneIn(restored), BUSY).toEqual(keys(7));
    await operator.stopWorkers();
    expect(added.stdout + added.stderr).toMatch(/duplicates: 4/);
    expect(await operator.missing()).toEqual(missing);
    await operator.typeWell('orchestrator verify');
  },
  120_000,
);

/** The dedupe keys of the first tasks. */
function keys(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `task-${at + 1}`).toSorted();
}
