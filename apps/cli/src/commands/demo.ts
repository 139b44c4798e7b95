import { shellWord } from '@agent-orchestrator/runtime';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DemoResult } from 'example-demo';
import { Option } from 'commander';
import { Failure } from '../failure.ts';
import { interruptionOfPrinter } from '../interruption.ts';
import type { Output } from '../output/output.ts';
import type { Paint } from '../output/style.ts';
import { table } from '../output/table.ts';
import type { Define } from '../command-module.ts';
import { verificationLines } from '../views/verification.ts';

interface DemoOptions {
  readonly fault?: 'start-over';
}

/** The demo takes a third of this time; after that it is stuck. */
const LIMIT_MS = 60_000;

const define: Define = (program, run) => {
  program
    .command('demo')
    .description('watch two agents work through a kill -9 on a temporary store; exit 1 if a promise is broken')
    .addOption(new Option('--fault <fault>', 'make a fault that the demo must find').choices(['start-over']).hideHelp())
    .action(
      run<DemoOptions>(async (call) => {
        const { SUMMARY_HEADING, summaryRows } = await import('example-demo');
        const result = await played(call.output, call.options.fault === 'start-over');
        const { store, stories, broken, asOf, filesDoneTwice, filesLeftOut, partsWrittenTwice, verification } = result;
        return {
          kind: 'demo',
          data: { store, tasks: stories.length, filesDoneTwice, filesLeftOut, partsWrittenTwice, broken, verification },
          asOf,
          ids: [store],
          idsArePlaces: true,
          text: (paint) => ['', ...table(SUMMARY_HEADING, summaryRows(stories), paint), '', ...endLines(result, paint)],
          chatter: [`next: orchestrator events --after 0 --store ${shellWord(store)}`],
          exit: broken.length === 0 ? 0 : 1,
        };
      }),
    );
};

export default define;

/** Every chunk of the bundle is in `dist`; `bin` is beside it. */
const INSTALLED = fileURLToPath(new URL('..', import.meta.url));
const PROGRAMS = {
  orchestrator: join(INSTALLED, 'bin', 'orchestrator.js'),
  agent: join(INSTALLED, 'dist', 'demo-agent.js'),
};

async function played(output: Output, startOver: boolean): Promise<DemoResult> {
  const { playDemo } = await import('example-demo');
  const limit = AbortSignal.timeout(LIMIT_MS);
  const interrupted = AbortSignal.any([interruptionOfPrinter(), limit]);
  const print = output.format === 'text' ? (line: string) => output.line(line) : () => {};
  try {
    return await playDemo({
      print,
      paint: output.paint,
      interrupted,
      installed: INSTALLED,
      programs: PROGRAMS,
      startOver,
    });
  } catch (error) {
    if (!interrupted.aborted) throw error;
    throw limit.aborted
      ? new Failure('INTERRUPTED', 'The demo did not end in time.', { exit: 1 })
      : new Failure('INTERRUPTED', 'Interrupted.');
  }
}

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
