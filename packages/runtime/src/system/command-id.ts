import { v7 } from 'uuid';

/** Makes a UUIDv7: the id of one command, from which its time can be read. Grows within a process. */
export function newCommandId(): string {
  return v7();
}
