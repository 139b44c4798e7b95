import Database from 'better-sqlite3';
import type { Pair } from './measure.ts';

/** Rows by table and status, and the length of every text: a floor that writes less would be no floor. */
const CONTENTS = {
  sessions: `SELECT status, count(*) AS rows, sum(length(id) + length(hash)) AS characters FROM sessions GROUP BY status`,
  tasks: `SELECT status, count(*) AS rows, sum(length(id) + length(payload) + length(title)) AS characters FROM tasks GROUP BY status`,
  events: `SELECT type AS status, count(*) AS rows, sum(length(payload) + length(hash) + length(prev_hash) + coalesce(length(command_id), 0) + coalesce(length(agent), 0)) AS characters FROM event_log GROUP BY type`,
  receipts: `SELECT NULL AS status, count(*) AS rows, sum(length(reply) + length(request_hash) + length(command_id)) AS characters FROM receipts`,
} as const;

/** How far the lengths may differ: a few numbers in payloads have more digits in one than in the other. */
const TOLERANCE = 0.01;

interface Content {
  readonly status: string | null;
  readonly rows: number;
  readonly characters: number;
}

/** @throws if one of the two stores holds other rows than the other */
export function assertSameRows(paths: Pair<string>): void {
  const ours = contentsOf(paths.ours);
  const floor = contentsOf(paths.floor);
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

function contentsOf(path: string): Content[] {
  const db = new Database(path, { readonly: true });
  try {
    return Object.values(CONTENTS).flatMap((sql) => db.prepare<[], Content>(sql).all());
  } finally {
    db.close();
  }
}
