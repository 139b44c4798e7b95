import { statSync } from 'node:fs';

/** When a file was last changed, in milliseconds; 0: there is none that can be seen. */
export function changedAt(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
