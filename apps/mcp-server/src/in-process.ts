/** The tools for a program that is itself a part of its host: without the protocol, and without the library of it. */
export { Calls, type CallResult } from './calls.ts';
export { HostSide } from './leases/host-side.ts';
export { newInstance } from './leases/server-run.ts';
export { AGENT_TOOL_NAMES, AGENT_TOOLS } from './profiles.ts';
