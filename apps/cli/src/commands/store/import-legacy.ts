import { shellWord } from '@agent-orchestrator/runtime';
import type { Call } from '../../call.ts';
import type { Answer } from '../../output/output.ts';
import type { Define } from '../../command-module.ts';
import { progressLines } from '../../views/copy.ts';
import { importLines } from '../../views/legacy-import.ts';

interface ImportOptions {
  readonly to?: string;
  readonly yes?: true;
}

export const defineImportLegacy: Define = (parent, run) => {
  parent
    .command('import-legacy')
    .description(
      'show the import of a database of the proof of concept; import it with --yes; run it again after a crash',
    )
    .argument('<file>', 'the old database; it is not changed')
    .option('--to <url>', 'a new file or an empty database (default: the store of --store)')
    .option('--yes', 'import it')
    .action(run<ImportOptions, [string]>((call, file) => importOf(call, file)));
};

async function importOf(call: Call<ImportOptions>, file: string): Promise<Answer> {
  const { importLegacy } = await import('@agent-orchestrator/runtime');
  const { to, yes: apply = false } = call.options;
  const store = to ?? call.settings.store.value;
  const result = await importLegacy({ file, store, apply, onProgress: progressLines(call.output) });
  return {
    kind: 'legacy_import',
    data: result,
    ids: [result.store],
    idsArePlaces: true,
    text: (paint) => importLines(result, paint),
    chatter: chatterOf(result.outcome, result.file, to === undefined ? null : result.store),
  };
}

function chatterOf(outcome: 'planned' | 'imported' | 'imported_before', file: string, to: string | null): string[] {
  switch (outcome) {
    case 'planned':
      return [
        'nothing was changed',
        `next: orchestrator store import-legacy --yes ${shellWord(file)}${storeWords('--to', to)}`,
      ];
    case 'imported':
      return [
        'the old file was not changed: stop the programs that use it',
        `next: orchestrator status${storeWords('--store', to)}`,
      ];
    case 'imported_before':
      return ['nothing was changed'];
  }
}

function storeWords(flag: '--to' | '--store', store: string | null): string {
  return store === null ? '' : ` ${flag} ${shellWord(store)}`;
}
