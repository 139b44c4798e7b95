import type { Define } from '../program.ts';

const define: Define = (program) => {
  program.command('demo').description('watch two agents, as processes of their own, work through a crash');
};

export default define;
