// A program that a host starts: registers it, with the agent and the conversation if they are given, and says who asks.
import { callerIdentity } from '../../src/processes/caller-identity.ts';
import { registerHost } from '../../src/processes/register-host.ts';

const [agent = null, conversation = null] = process.argv.slice(2);
const host = registerHost({ ...(agent !== null && { agent }), ...(conversation !== null && { conversation }) });
process.stdout.write(JSON.stringify({ host, caller: callerIdentity({ env: {} }) }));
