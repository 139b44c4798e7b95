/**
 * The current folder; an empty text if it was deleted. That is not an error: only relative paths cannot be used then.
 */
export function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    return '';
  }
}
