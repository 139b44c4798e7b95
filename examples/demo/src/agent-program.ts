/** The program of one agent of the demo. Its argument holds the settings. */
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { runAgent, type AgentOptions } from './agent.ts';

export interface AgentSettings extends AgentOptions {
  /** URL of the demo's store. */
  readonly store: string;
}

const { store, ...options } = JSON.parse(process.argv[2] ?? '') as AgentSettings;

// Standard input ends when the demo does, also when it was killed. Waiting for that does not keep this process alive.
process.stdin.on('end', () => process.exit(1)).resume();
process.stdin.unref();

try {
  await using orchestrator = await openOrchestrator(store, { mode: 'existing' });
  await runAgent(orchestrator, options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
