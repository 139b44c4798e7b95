import type { Define } from '../../command-module.ts';
import { defineCancel } from './cancel.ts';
import { defineCreate } from './create.ts';
import { defineGraph } from './graph.ts';
import { defineList } from './list.ts';
import { defineRetry } from './retry.ts';
import { defineShow } from './show.ts';

const define: Define = (program, run) => {
  const task = program.command('task').helpCommand(false).description('add, show, cancel and retry tasks');
  for (const defineOne of [defineCreate, defineList, defineShow, defineGraph, defineCancel, defineRetry])
    defineOne(task, run);
};

export default define;
