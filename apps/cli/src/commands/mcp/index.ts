import type { Define } from '../../command-module.ts';
import { defineServe } from './serve.ts';

const define: Define = (program, run) => {
  const mcp = program.command('mcp').helpCommand(false).description('give agent hosts the tools of an agent');
  defineServe(mcp, run);
};

export default define;
