import type { Define } from '../../command-module.ts';
import { defineInstall } from './install.ts';
import { defineServe } from './serve.ts';
import { defineUninstall } from './uninstall.ts';

const define: Define = (program, run) => {
  const mcp = program.command('mcp').helpCommand(false).description('give agent hosts the tools of an agent');
  defineServe(mcp, run);
  defineInstall(mcp, run);
  defineUninstall(mcp, run);
};

export default define;
