import type { Pair } from './measure.ts';
import type { Content, Store, Subject } from './subject.ts';

/** Rows by table and status, and the length of every text: a floor that writes less would be no floor. */
const CONTENTS: readonly string[] = [
  ['sessions', 'status', 'length(id) + length(hash)'],
  ['tasks', 'status', 'length(id) + length(payload) + length(title)'],
  [
    'event_log',
    'type',
    'length(payload) + length(hash) + coalesce(length(command_id), 0) + coalesce(length(agent), 0)',
  ],
  ['receipts', 'namespace', 'length(reply) + length(request_hash) + length(command_id)'],
].map(
  ([table, status, length]) =>
    `SELECT ${status} AS status, CAST(count(*) AS INTEGER) AS rows, CAST(sum(${length}) AS INTEGER) AS characters
    FROM ${table} GROUP BY ${status} ORDER BY ${status}`,
);

/** How far the lengths may differ: a few numbers in payloads have more digits in one than in the other. */
const TOLERANCE = 0.03;

/** @throws if one of the two stores holds other rows than the other */
export async function assertSameRows(subject: Subject, stores: Pair<Store>): Promise<void> {
  const ours = await subject.contentsOf(stores.ours, CONTENTS);
  const floor = await subject.contentsOf(stores.floor, CONTENTS);
  const same = ours.length === floor.length && ours.every((one, at) => isSame(one, floor[at]));
  if (!same) throw new Error(`the floor wrote other rows:\n${JSON.stringify({ ours, floor }, null, 2)}`);
}

function isSame(ours: Content, floor: Content | undefined): boolean {
  return (
    floor !== undefined &&
    ours.status === floor.status &&
    ours.rows === floor.rows &&
    Math.abs(ours.characters - floor.characters) <= ours.characters * TOLERANCE
  );
}
