// What the README shows of the demo, the demo does.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { blocks, emptyHome, page, root, section, shownLines } from './support/readme.ts';

const run = promisify(execFile);

// Elsewhere no process can know at once that a holder is dead.
test.runIf(process.platform === 'linux')(
  'what the README shows of the demo, the demo does',
  async () => {
    await using home = await emptyHome();
    const [command = ''] = /npm run demo/u.exec(blocks(await page('README.md'), 'sh')[0] ?? '') ?? [];

    const { stdout } = await run('bash', ['-eu', '-c', command], { cwd: root, env: home.env, timeout: 100_000 });

    // Two agents at once: which of them is first with what differs.
    const shown = shownLines(await section('The demo'));
    expect(shown.length).toBeGreaterThanOrEqual(10);
    expect(shown.filter((line) => !stdout.split('\n').some((said) => line.test(said)))).toEqual([]);
  },
  110_000,
);
