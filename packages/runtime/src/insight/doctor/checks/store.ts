import type { StoreState } from '@agent-orchestrator/core';
import type { StoreFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';

/** Whether the store can be reached, which it is, and whether its schema is the one that this version knows. */
export function checkReach({ url, place, refusal }: StoreFacts): Draft[] {
  if (refusal !== null)
    return [draft('store', 'error', `${url}: ${refusal.message} (${refusal.code})`, { hint: refusal.hint })];
  if (place === null || place.kind === 'memory') return [draft('store', 'ok', `${url}, seen by this process alone`)];
  const { schema, schemaKnown } = place;
  const named = `${url}, schema ${schema}`;
  if (schema < schemaKnown)
    return [
      draft('store', 'error', `${named}; this version needs ${schemaKnown}.`, {
        hint: 'Run `orchestrator store init`: it upgrades in place.',
      }),
    ];
  if (schema > schemaKnown)
    return [
      draft('store', 'error', `${named}; this version knows ${schemaKnown}.`, {
        hint: 'Upgrade the orchestrator on this machine.',
      }),
    ];
  return [place.state === null ? draft('store', 'ok', named) : ofState(named, place.state)];
}

/** A store that can be read, and is not open for work. One that is not all there yet is refused when it is opened. */
function ofState(named: string, { status, address }: StoreState): Draft {
  switch (status) {
    case 'moved':
      return draft('store', 'error', `${named}: it was moved to ${address}, and nothing happens here any more.`, {
        hint: 'Point ORCHESTRATOR_STORE (or --store) of whoever still uses this one to the new address.',
      });
    case 'moving':
      return draft('store', 'warning', `${named}: it is being moved to ${address}, and nobody can work meanwhile.`, {
        hint: 'If that was cut off, the same `orchestrator store move` goes on; `--abandon` gives it up.',
      });
    default:
      return draft('store', 'ok', `${named}, a backup of ${address}`);
  }
}

/** The database's own version. One that is too old or unsafe is refused when the store is opened. */
export function checkVersion({ place }: StoreFacts): Draft[] {
  if (place === null || place.kind === 'memory') return [];
  return [draft('version', 'ok', `${place.kind === 'file' ? 'SQLite' : 'PostgreSQL'} ${place.version}`)];
}

/** Whether an acknowledged command survives a power cut. */
export function checkDurability({ place }: StoreFacts): Draft[] {
  if (place === null || place.kind === 'memory') return [];
  if (place.kind === 'file') {
    // A backup is one file, for as long as it lies there.
    if (place.journalMode === 'wal' || place.state?.status === 'backup') return [];
    return [
      draft(
        'durability',
        'warning',
        `The file is in journal mode ${place.journalMode}, not in that of a write-ahead log.`,
        {
          hint: 'Any command that writes switches it back on; find out which other program switched it off.',
        },
      ),
    ];
  }
  if (place.unsafeSettings.length === 0) return [draft('durability', 'ok', 'a commit survives a crash of the server')];
  return [
    draft(
      'durability',
      'warning',
      `The server can lose what it has acknowledged: ${place.unsafeSettings.join(', ')}.`,
      {
        hint: 'A claim that is lost is a task done twice. Switch these on, on the server.',
        count: place.unsafeSettings.length,
      },
    ),
  ];
}
