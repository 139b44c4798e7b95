// An agent host that counts in the checkpoints of one task until it is killed: first it says from which number it
// continues, then each number that was saved.
import { AgentHost } from '../support/agent-host.ts';

const [folder = ''] = process.argv.slice(2);
const host = await AgentHost.start({ folder, env: process.env as Record<string, string> });
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const resumed = await host.call('resume');
const work = resumed.text.startsWith('You hold t') ? resumed : await host.call('claim_task');
let n = Number(/^data \{"n":(\d+)\}$/mu.exec(work.text)?.[1] ?? 0);
say({ from: n, server: host.server, held: work.lines[0] });
for (;;) {
  n += 1;
  const { isError, text } = await host.call('checkpoint', { data: { n } });
  if (isError) throw new Error(text);
  say({ n });
}
