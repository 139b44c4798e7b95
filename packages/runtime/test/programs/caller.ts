// Tells, as JSON, who is asking: before and after the process with this number was registered as a host.
import { callerIdentity, hostProcess, registerAgentHost } from '../../src/index.ts';

const pid = Number(process.argv[2]);
const inShell = callerIdentity();
const processOfShell = hostProcess();
registerAgentHost({ name: 'the test', isHost: (ancestor) => ancestor.pid === pid });
process.stdout.write(
  JSON.stringify({ inShell, processOfShell, inHost: callerIdentity(), processOfHost: hostProcess() }),
);
