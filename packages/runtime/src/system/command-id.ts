import { v7 } from 'uuid';

/** Makes a UUIDv7 as the id of one command: it contains the time, and increases within a process. */
export function newCommandId(): string {
  return v7();
}
