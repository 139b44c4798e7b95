import { randomUUID } from 'node:crypto';

/** A UUIDv7: the time in front, the rest random. */
export function newCommandId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
