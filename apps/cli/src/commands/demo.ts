import { Option } from 'commander';
import { interruption } from '../interruption.ts';
import type { DemoResult } from '../demo/director.ts';
import type { Paint } from '../output/style.ts';
import type { Define } from '../command-module.ts';
import { verificationLines } from '../views/verification.ts';

interface DemoOptions {
  readonly fault?: 'start-over';
}

/** It takes a third of that; whoever waits longer waits for something that will not come. */
const LIMIT_MS = 60_000;

const define: Define = (program, run) => {
  program
    .command('demo')
    .description(
      'watch two agents, as processes of their own on a throw-away store, work through a kill -9; exit 1 if a promise is broken',
    )
    .addOption(
      new Option('--fault <fault>', 'plant a fault: the demo has to find it').choices(['start-over']).hideHelp(),
    )
    .action(
      run<DemoOptions>(async (call) => {
        const { playDemo } = await import('../demo/director.ts');
        const { summaryTable } = await import('../demo/screen.ts');
        const { output } = call;
        const interrupted = AbortSignal.any([interruption(), AbortSignal.timeout(LIMIT_MS)]);
        const print = output.format === 'text' ? (line: string) => output.line(line) : () => {};
        const startOver = call.options.fault === 'start-over';
        const result = await playDemo({ print, paint: output.paint, interrupted, startOver });
        const { store, stories, broken, asOf, filesDoneTwice, filesLeftOut, partsWrittenTwice, verification } = result;
        return {
          kind: 'demo',
          data: { store, tasks: stories.length, filesDoneTwice, filesLeftOut, partsWrittenTwice, broken, verification },
          asOf,
          ids: [store],
          text: (paint) => ['', ...summaryTable(stories, paint), '', ...endLines(result, paint)],
          chatter: [`next: orchestrator events --after 0 --store ${store}`],
          exit: broken.length === 0 ? 0 : 1,
        };
      }),
    );
};

export default define;

function endLines(result: DemoResult, paint: Paint): string[] {
  const { path, filesDoneTwice, filesLeftOut, partsWrittenTwice, verification, broken } = result;
  return [
    `files done twice: ${filesDoneTwice}`,
    `files left out: ${filesLeftOut}`,
    `parts written twice: ${partsWrittenTwice}`,
    `log: ${path}`,
    ...verificationLines(verification, paint),
    ...broken.map((promise) => `${paint('red', '✗ broken')}: ${promise}`),
  ];
}
