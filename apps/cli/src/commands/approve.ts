import type { Define } from '../command-module.ts';
import { PASSPHRASE_FILE } from '../input/passphrase.ts';
import { RESULT_SHA256, reviewWith, ROUND, type VerdictOptions } from '../review-now.ts';

const define: Define = (program, run) => {
  program
    .command('approve')
    .description('approve a task that is in review: claim a review of it, and end the review')
    .argument('<task>', 'the id of the reviewed task')
    .option('--notes <text>', 'a remark')
    .option('--role <name>', 'the role of the reviewer (default: the one that the review asks for)')
    .option(...ROUND)
    .option(...RESULT_SHA256)
    .option(...PASSPHRASE_FILE)
    .action(run<VerdictOptions, [string]>((call, id) => reviewWith('approved', call, id)));
};

export default define;
