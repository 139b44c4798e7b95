import type { Define } from '../../command-module.ts';
import { defineDrain } from './drain.ts';
import { defineKey } from './key/index.ts';
import { defineList } from './list.ts';
import { definePolicy } from './policy.ts';
import { defineRegister } from './register.ts';
import { defineRetire } from './retire.ts';
import { defineShow } from './show.ts';

const define: Define = (program, run) => {
  const agent = program.command('agent').helpCommand(false).description('the registry: who may claim, and which roles');
  for (const defineOne of [defineRegister, defineList, defineShow, defineDrain, defineRetire, definePolicy, defineKey])
    defineOne(agent, run);
};

export default define;
