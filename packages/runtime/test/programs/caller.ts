// Tells, as JSON, who is asking: before and after the process that started it was registered as a host.
import { callerIdentity, registerHost } from '../../src/index.ts';

const inShell = callerIdentity();
const { process: host } = registerHost({ name: 'the test', conversation: 'talk' });
process.stdout.write(JSON.stringify({ inShell, host, inHost: callerIdentity() }));
