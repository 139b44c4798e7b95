/**
 * The current folder. Where it was deleted, only a relative path cannot be used: so there it is an empty text, not an
 * error.
 */
export function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    return '';
  }
}
