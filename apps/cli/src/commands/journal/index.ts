import type { Define } from '../../command-module.ts';
import { defineCheck } from './check.ts';

const define: Define = (program, run) => {
  const journal = program
    .command('journal')
    .helpCommand(false)
    .description('compare the journals of workers with the store');
  defineCheck(journal, run);
};

export default define;
