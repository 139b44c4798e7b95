import type { Define } from '../../command-module.ts';
import { defineBackup } from './backup.ts';
import { defineCheck } from './check.ts';
import { defineImportLegacy } from './import-legacy.ts';
import { defineInit } from './init.ts';
import { defineMove } from './move.ts';
import { definePath } from './path.ts';
import { defineRestore } from './restore.ts';

const define: Define = (program, run) => {
  const store = program.command('store').helpCommand(false).description('create, check, copy and move the store');
  for (const defineOne of [
    defineInit,
    definePath,
    defineCheck,
    defineBackup,
    defineRestore,
    defineMove,
    defineImportLegacy,
  ])
    defineOne(store, run);
};

export default define;
