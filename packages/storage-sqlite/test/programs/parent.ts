import { on } from 'node:events';

/** Tells the test that started this program. */
export function tell(is: string, fields: object = {}): void {
  process.send?.({ is, ...fields });
}

/** Waits until the test says so. */
export async function told(what: string): Promise<void> {
  for await (const [message] of on(process, 'message') as AsyncIterable<[{ is: string }]>)
    if (message.is === what) return;
}

/** What the test wants of this program. */
export function settings(): unknown {
  return JSON.parse(process.argv[2] ?? '');
}

/** Lets go of the test, so that the program can end. */
export function leave(): void {
  if (process.connected) process.disconnect();
}
