import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isSet, type Environment } from './environment.ts';

/**
 * The folder for files of this user: `${OPENCLAW_STATE_DIR}`, or `.openclaw` in the home folder. An empty variable
 * counts as absent.
 */
export function stateFolder(env: Environment = process.env): string {
  const { OPENCLAW_STATE_DIR: state, HOME: home } = env;
  return isSet(state) ? resolve(state) : join(isSet(home) ? home : homedir(), '.openclaw');
}
