import type { Define } from '../../command-module.ts';
import { defineClose } from './close.ts';
import { defineList } from './list.ts';
import { defineShow } from './show.ts';

const define: Define = (program, run) => {
  const session = program.command('session').helpCommand(false).description('show and close sessions (lines of work)');
  for (const defineOne of [defineList, defineShow, defineClose]) defineOne(session, run);
};

export default define;
