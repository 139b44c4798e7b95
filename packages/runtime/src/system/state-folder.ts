import { join } from 'node:path';
import { isSet, type Environment } from './environment.ts';
import { homeFolder, pathOfVariable } from './path.ts';

/**
 * The folder for files of this user: `${OPENCLAW_STATE_DIR}`, or `.openclaw` in the home folder. An empty
 * `OPENCLAW_STATE_DIR` counts as absent.
 *
 * @throws `CONFIG_INVALID`
 */
export function stateFolder(env: Environment = process.env): string {
  const { OPENCLAW_STATE_DIR: state } = env;
  return isSet(state) ? pathOfVariable(state, 'OPENCLAW_STATE_DIR', env) : join(homeFolder(env), '.openclaw');
}
