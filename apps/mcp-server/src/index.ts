/** The tools of an agent over the Model Context Protocol. Start at `serveMcp`. */
export { PROFILES, type Profile } from './profiles.ts';
export { serveMcp, type ServeOptions } from './serve.ts';
export { Calls, type CallResult } from './calls.ts';
export { HostSide } from './leases/host-side.ts';
export { newInstance } from './leases/server-run.ts';
export { AGENT_TOOL_NAMES, AGENT_TOOLS } from './profiles.ts';
