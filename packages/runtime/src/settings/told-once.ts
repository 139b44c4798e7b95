import { join } from 'node:path';
import { makePrivateFolder, writePrivateFile } from '../system/private-files.ts';
import { stateFolder } from '../system/state-folder.ts';
import type { Environment } from '../system/environment.ts';

/**
 * Whether to show a remark: once for each user of this machine. If that cannot be stored, it is shown again.
 *
 * @param remark names the remark, as a file name
 */
export function tellOnce(remark: string, env?: Environment): boolean {
  try {
    const folder = join(stateFolder(env), 'orchestrator', 'told');
    makePrivateFolder(folder);
    writePrivateFile(join(folder, remark), '');
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EEXIST';
  }
}
