import { randomBytes } from 'node:crypto';

const PARTIAL = /\.partial-(\d+)-[\da-f]{16}$/;

/** A backup has this name until it is complete. No other user can know it before, and put a file at its place. */
export function newPartialName(place: string): string {
  return `${place}.partial-${process.pid}-${randomBytes(8).toString('hex')}`;
}

/** The process that made the file `name`, if that is the name of an incomplete backup to `place`; else null. */
export function makerOfPartial(name: string, place: string): number | null {
  const [suffix, pid] = PARTIAL.exec(name) ?? [];
  return suffix !== undefined && name === place + suffix ? Number(pid) : null;
}
