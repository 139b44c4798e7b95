import type { Define } from '../../command-module.ts';
import { defineList } from './list.ts';

const define: Define = (program, run) => {
  const ask = program
    .command('ask')
    .helpCommand(false)
    .description('list open questions (`release --outcome waiting` asks, `answer` answers)');
  defineList(ask, run);
};

export default define;
