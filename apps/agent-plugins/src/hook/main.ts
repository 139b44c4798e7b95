import { writeSync } from 'node:fs';
import { readEvent, type Moment } from './events.ts';

/**
 * How long each may take, in milliseconds. Hosts wait longer, except Claude Code at the end of a session: 1.5 s, with
 * the start of Node in it.
 */
const DEADLINES: Readonly<Record<Moment, number>> = {
  session_start: 5_000,
  before_compaction: 5_000,
  turn_end: 5_000,
  session_end: 1_200,
};

/** More than any event has. */
const INPUT_BYTES_MAX = 16 * 1024 * 1024;

/**
 * What a host calls when something happens in it: reads the event from standard input, and prints what the model has to
 * know of it. Whatever fails, the host continues as if it had not asked: the exit status is 0, and nothing is printed.
 *
 * @param words the host, and the event by its name in that host
 */
export async function main([host = '', name = '']: readonly string[]): Promise<void> {
  const known = readEvent(host, name, {});
  if (known === null) return;
  // A store that does not answer must not keep a host waiting.
  const deadline = setTimeout(() => process.exit(0), DEADLINES[known.moment]);
  try {
    const event = readEvent(host, name, JSON.parse(await standardInput()));
    // Loaded here: what waits for the input above needs no time of the host.
    const output = event === null ? '' : await (await import('./answer.ts')).answer(event);
    if (output !== '') writeSync(1, output);
  } catch (error) {
    const { printable } = await import('@agent-orchestrator/runtime/printable');
    // It may repeat what the host told.
    writeSync(2, `orchestrator: ${printable(error instanceof Error ? error.message : String(error))}\n`);
  } finally {
    clearTimeout(deadline);
  }
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > INPUT_BYTES_MAX) throw new Error('The host told an event that is too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
