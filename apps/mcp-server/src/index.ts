/** The tools of an agent over the Model Context Protocol. Start at `serveMcp`. */
export { PROFILES, type Profile } from './profiles.ts';
export { serveMcp, type ServeOptions } from './serve.ts';
