import type { Define } from '../../command-module.ts';
import { defineList } from './list.ts';

const define: Define = (program, run) => {
  const config = program.command('config').helpCommand(false).description('show the configuration');
  defineList(config, run);
};

export default define;
