// An agent host in a process of its own: claims a task, saves a checkpoint, says so in one line, and stays. The words
// are those of its server. With LEAVES in its environment it starts a command that outlives it, and says its pid.
import { spawn } from 'node:child_process';
import { AgentHost } from '../support/agent-host.ts';

const [folder = '', ...words] = process.argv.slice(2);
const host = await AgentHost.start({ folder, env: process.env as Record<string, string> }, { words });
const { lines } = await host.call('claim_task');
await host.call('checkpoint', { last_action: 'read', next_action: 'write the lexer' });
const left = process.env['LEAVES'] === undefined ? null : spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
process.stdout.write(`${JSON.stringify({ server: host.server, first: lines[0], left: left?.pid ?? null })}\n`);
