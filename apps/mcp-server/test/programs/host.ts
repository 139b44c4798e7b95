// An agent host in a process of its own: claims a task, saves a checkpoint, says so in one line, and stays.
import { AgentHost } from '../support/agent-host.ts';

const [folder = ''] = process.argv.slice(2);
const host = await AgentHost.start({ folder, env: process.env as Record<string, string> });
const { lines } = await host.call('claim_task');
await host.call('checkpoint', { last_action: 'read', next_action: 'write the lexer' });
process.stdout.write(`${JSON.stringify({ server: host.server, first: lines[0] })}\n`);
