// Tells, as JSON, who is asking: before and after the process with this number was registered as a host.
import { callerIdentity, registerAgentHost } from '../../src/index.ts';

const pid = Number(process.argv[2]);
const inShell = callerIdentity();
registerAgentHost({ name: 'the test', isHost: (ancestor) => ancestor.pid === pid });
process.stdout.write(JSON.stringify({ inShell, inHost: callerIdentity() }));
