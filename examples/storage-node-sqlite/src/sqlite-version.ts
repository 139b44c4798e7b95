/** Before 3.51.3, a write-ahead log that was reset while another process read it could damage the file. */
export const OLDEST_SQLITE = '3.51.3';

/** Whether this SQLite may keep a store. */
export function isSafeVersion(version = process.versions.sqlite ?? '0'): boolean {
  const [parts, oldest] = [version, OLDEST_SQLITE].map((text) => text.split('.').map(Number)) as [number[], number[]];
  const at = oldest.findIndex((part, index) => parts[index] !== part);
  return at === -1 || (parts[at] ?? 0) > (oldest[at] ?? 0);
}
