import type { Define } from '../command-module.ts';
import { PASSPHRASE_FILE } from '../input/passphrase.ts';
import { RESULT_SHA256, reviewWith, ROUND, type VerdictOptions } from '../review-now.ts';

const define: Define = (program, run) => {
  program
    .command('request-changes')
    .description('send a task that is in review back to its queue, with what to change')
    .argument('<task>', 'the id of the reviewed task')
    .requiredOption('--notes <text>', 'what to change')
    .option('--role <name>', 'the role of the reviewer (default: the one that the review asks for)')
    .option(...ROUND)
    .option(...RESULT_SHA256)
    .option(...PASSPHRASE_FILE)
    .action(run<VerdictOptions, [string]>((call, id) => reviewWith('changes_requested', call, id)));
};

export default define;
