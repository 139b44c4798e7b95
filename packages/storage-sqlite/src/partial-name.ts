import { randomBytes } from 'node:crypto';

const PARTIAL = /\.partial-(\d+)-[\da-f]{16}$/;

/** A backup has this name until it is complete. No other user can know it before, and put a file at its place. */
export function newPartialName(place: string): string {
  return `${place}.partial-${process.pid}-${randomBytes(8).toString('hex')}`;
}

/** Whether `name` is that of an incomplete backup to `place` whose process has ended. */
export function isLeftover(name: string, place: string): boolean {
  const [suffix, pid] = PARTIAL.exec(name) ?? [];
  return suffix !== undefined && name === place + suffix && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
