import type { Define } from '../../../command-module.ts';
import { defineKeyCreate } from './create.ts';
import { defineKeyList } from './list.ts';
import { defineKeyRevoke } from './revoke.ts';
import { defineKeyShow } from './show.ts';

export const defineKey: Define = (parent, run) => {
  const key = parent.command('key').helpCommand(false).description('the keys that verdicts are signed with');
  for (const defineOne of [defineKeyCreate, defineKeyShow, defineKeyList, defineKeyRevoke]) defineOne(key, run);
};
