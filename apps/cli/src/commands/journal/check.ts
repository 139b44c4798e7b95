import type { Define } from '../../command-module.ts';
import { journalCheckLines, missingOperationLines } from '../../views/journal-check.ts';

export const defineCheck: Define = (parent, run) => {
  parent
    .command('check')
    .summary('list acknowledged operations that the store does not have; exit 1 if there are any')
    .description(DESCRIPTION)
    .argument('<folder...>', 'folders with journals, as given to `run --journal` or to a worker')
    .action(
      run<object, [string[]]>(async (call, folders) => {
        const { checkJournals } = await import('@agent-orchestrator/runtime');
        await using orchestrator = await call.open('read-only');
        // A namespace that is configured is where this machine works, and does not narrow the comparison unasked.
        const { value, from } = call.settings.namespace;
        const namespace = from === 'argument' ? value : undefined;
        const { asOf, ...check } = await checkJournals(orchestrator, folders, namespace);
        const missing = missingOperationLines(check);
        return {
          kind: 'journal_check',
          data: { ...check, missing },
          asOf,
          ids: missing.map(({ commandId }) => commandId),
          text: (paint) => journalCheckLines(check, paint),
          chatter: check.ok ? [] : [NEXT_STEPS],
          exit: check.ok ? 0 : 1,
        };
      }),
    );
};

const DESCRIPTION = [
  'list the operations that were acknowledged to workers, but that the store does not have',
  'After a fail-over or a restore, a store may lack its last operations. Workers with journals (`run --journal`, ' +
    '`createWorker({ journal })`) know the answers that they got. This command reads all journals in the folders, ' +
    'then the event log once.',
  'Exit code 0: no operation is missing. 1: some are missing. Without --namespace, the operations of all ' +
    'namespaces are compared, also if a variable or the configuration file names one.',
  'The last line of a journal may be incomplete after a crash. Any other damaged line is an error that names file ' +
    'and line (exit 65). A folder without a journal is an error, too (exit 66).',
].join('\n\n');

const NEXT_STEPS = 'workers repeat missing claims and releases by themselves; docs/fail-over.md names the other steps';
