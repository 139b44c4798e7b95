import type { Define } from '../../program.ts';
import { defineCheck } from './check.ts';
import { defineImportLegacy } from './import-legacy.ts';
import { defineInit } from './init.ts';
import { definePath } from './path.ts';

const define: Define = (program, run) => {
  const store = program.command('store').helpCommand(false).description('the database behind it all');
  for (const defineOne of [defineInit, definePath, defineCheck, defineImportLegacy]) defineOne(store, run);
};

export default define;
