import type { CommandModule } from '../command-module.ts';

/** All commands in the order of the help, each loaded when it is needed. */
export const commands: readonly CommandModule[] = [
  { name: 'status', load: () => import('./status.ts') },
  { name: 'claim', load: () => import('./claim.ts') },
  { name: 'heartbeat', load: () => import('./heartbeat.ts') },
  { name: 'checkpoint', load: () => import('./checkpoint.ts') },
  { name: 'release', load: () => import('./release.ts') },
  { name: 'run', load: () => import('./run.ts') },
  { name: 'recover', load: () => import('./recover.ts') },
  { name: 'resume', load: () => import('./resume.ts') },
  { name: 'why', load: () => import('./why.ts') },
  { name: 'since', load: () => import('./since.ts') },
  { name: 'events', load: () => import('./events.ts') },
  { name: 'verify', load: () => import('./verify.ts') },
  { name: 'task', load: () => import('./task/index.ts') },
  { name: 'session', load: () => import('./session/index.ts') },
  { name: 'store', load: () => import('./store/index.ts') },
  { name: 'mcp', load: () => import('./mcp/index.ts') },
  { name: 'journal', load: () => import('./journal/index.ts') },
  { name: 'doctor', load: () => import('./doctor.ts') },
  { name: 'config', load: () => import('./config/index.ts') },
  { name: 'demo', load: () => import('./demo.ts') },
  { name: 'completion', load: () => import('./completion.ts') },
  { name: 'help', load: () => import('./help.ts') },
];
