/** Does one operation, told by its argument; kills itself after a write, or says at its end what it wrote. */
import { onWriting as onWritingToServer } from '../../packages/storage-postgres/test/on-writing.ts';
import { onWriting as onWritingToFile } from '../../packages/storage-sqlite/test/on-writing.ts';
import { operate, type Operation } from './operation.ts';

/** The n-th write of its like, counted from 1. */
export interface Write {
  readonly what: string;
  readonly nth: number;
}

export interface OperationSettings {
  readonly operation: Operation;
  /** null: it lives. */
  readonly killedAfter: Write | null;
}

const { operation, killedAfter } = JSON.parse(process.argv[2] ?? '') as OperationSettings;
const writes: Record<string, number> = {};
for (const onWriting of [onWritingToFile, onWritingToServer])
  onWriting((what) => {
    const nth = (writes[what] = (writes[what] ?? 0) + 1);
    if (what === killedAfter?.what && nth === killedAfter.nth) process.kill(process.pid, 'SIGKILL');
  });

await operate(operation);
process.stdout.write(JSON.stringify(writes));
