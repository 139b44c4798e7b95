/** Reads a whole log in a process of its own, so that memory and pauses are those of this reading alone. */
import { hash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { pathOf } from '../contestants/contestant.ts';
import { now } from '../now.ts';
import type { Reading, Verified } from './reading.ts';

const [reading, url = ''] = process.argv.slice(2) as [Reading, string?];
/** How closely pauses are measured, in milliseconds. */
const RESOLUTION_MS = 5;

const READINGS: Readonly<Record<Reading, () => Promise<number>>> = {
  async verify() {
    await using orchestrator = await openOrchestrator(url);
    const { ok, events } = await orchestrator.verify();
    if (!ok) throw new Error('verify found something');
    return events;
  },

  /** The least that a check of a log can do: read each row and hash it, chained to the one before. */
  async raw() {
    const db = new Database(pathOf(url), { readonly: true });
    let [events, last] = [0, ''];
    for (const row of db.prepare('SELECT * FROM log ORDER BY job, id').iterate()) {
      last = hash('sha256', last + JSON.stringify(row));
      events += 1;
    }
    db.close();
    return events;
  },
};

const pauses = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
pauses.enable();
const start = now();
const events = await READINGS[reading]();
const elapsedMs = now() - start;
// A pause is counted when the timer fires that it held up.
await setTimeout(2 * RESOLUTION_MS);
const verified: Verified = {
  usPerEvent: (elapsedMs * 1_000) / events,
  memoryMb: process.resourceUsage().maxRSS / 1_024,
  pauseMs: pauses.max / 1e6,
};
process.send?.(verified);
