// The program that keeps what a host holds. `serveMcp` starts it, as a process of its own.
import { runKeeper } from '@agent-orchestrator/runtime/keeper';

await runKeeper();
