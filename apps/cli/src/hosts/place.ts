import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { stateFolder } from '@agent-orchestrator/runtime';
import { homeFolder } from '@agent-orchestrator/runtime/path';
import { usage } from '../failure.ts';
import type { Place } from './host.ts';

/** OpenClaw alone takes ten seconds to start on a busy machine, and then starts our server. */
const DEADLINE_MS = 90_000;

/** Where this command was called. @throws `CONFIG_INVALID` if there is no home folder */
export function placeHere(terminal: boolean): Place {
  const { env } = process;
  return {
    env,
    home: homeFolder(env),
    folder: currentFolder(),
    state: join(stateFolder(env), 'orchestrator'),
    program: realpathSync(process.argv[1] ?? ''),
    terminal,
    deadlineMs: DEADLINE_MS,
  };
}

function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    throw usage('The current folder was deleted.', 'Change to a folder that exists.');
  }
}
