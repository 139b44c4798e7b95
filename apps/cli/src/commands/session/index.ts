import type { Define } from '../../command-module.ts';
import { defineClose } from './close.ts';
import { defineList } from './list.ts';
import { defineShow } from './show.ts';

const define: Define = (program, run) => {
  const session = program
    .command('session')
    .helpCommand(false)
    .description('look at sessions (lines of work), and close them');
  for (const defineOne of [defineList, defineShow, defineClose]) defineOne(session, run);
};

export default define;
