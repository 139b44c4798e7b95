import type { Call } from '../../call.ts';
import type { Answer } from '../../output/output.ts';
import type { Define } from '../../command-module.ts';
import { importLines } from '../../views/legacy-import.ts';

interface ImportOptions {
  readonly yes?: true;
}

export const defineImportLegacy: Define = (parent, run) => {
  parent
    .command('import-legacy')
    .description(
      "show what the proof of concept's database at the store's path would come to; with --yes, bring it over",
    )
    .option('--yes', 'do it: copy the file beside itself, then make it a store in one transaction')
    .action(run<ImportOptions>((call) => importOf(call)));
};

async function importOf(call: Call<ImportOptions>): Promise<Answer> {
  const { importLegacy } = await import('@agent-orchestrator/runtime');
  const { yes = false } = call.options;
  const result = await importLegacy(call.settings.store.value, { apply: yes, onProgress: progressOn(call) });
  const again = `orchestrator store import-legacy --yes${call.settings.store.from === 'argument' ? ` --store ${result.url}` : ''}`;
  return {
    kind: 'legacy_import',
    data: result,
    ids: [result.url],
    text: (paint) => importLines(result, paint),
    chatter: result.outcome === 'planned' ? ['nothing was changed', `next: ${again}`] : ['next: orchestrator status'],
  };
}

/** Said at most this often while rows come over. */
const PROGRESS_EVERY_MS = 2_000;

const STEPS = {
  copy: 'copying the file',
  rename: 'putting the old tables out of the way',
  create: 'making the tables of the store',
  verify: 'verifying the log against the state',
  commit: 'committing',
} as const;

type Progress = Parameters<
  NonNullable<Parameters<typeof import('@agent-orchestrator/runtime').importLegacy>[1]['onProgress']>
>[0];

function progressOn({ output }: Call): (progress: Progress) => void {
  let saidAt = performance.now();
  return ({ step, done = 0, total = 0 }) => {
    if (output.format !== 'text') return;
    if (step !== 'rows') return output.chatter(`${STEPS[step]} …`);
    if (performance.now() - saidAt < PROGRESS_EVERY_MS) return;
    saidAt = performance.now();
    output.chatter(`${done} of ${total} rows …`);
  };
}
