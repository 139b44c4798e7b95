// An agent host: starts its server of tools, through a wrapper if one is named; then, unless it is alone, a hook
// through a shell, and one after the conversation was cleared. Says as JSON what they saw.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

const [program, isAlone, ...wrapper] = process.argv.slice(2);
const words = ['--conditions=@agent-orchestrator/source', program];
const run = async (command, args) => {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(await text(child.stdout));
};
const inShell = (...more) => [
  '-c',
  `${[process.execPath, ...words, ...more].map((word) => `'${word}'`).join(' ')}; true`,
];

const server = await run(process.execPath, [...wrapper, ...words]);
const seen = { pid: process.pid, server };
if (isAlone === undefined) {
  seen.hook = await run('sh', inShell('company-agent', 'talk-1'));
  seen.afterClear = await run('sh', inShell('company-agent', 'talk-2'));
}
process.stdout.write(JSON.stringify(seen));
