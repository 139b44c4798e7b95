import type { LegacyImportResult } from '@agent-orchestrator/runtime';
import { printable } from '../output/printable.ts';
import type { Paint } from '../output/style.ts';
import { fields } from '../output/table.ts';
import { timestamp } from '../output/time.ts';

type Findings = Exclude<LegacyImportResult, { outcome: 'imported_before' }>;

/** What an import of the proof of concept's database came to, or would come to. */
export function importLines(result: LegacyImportResult & { readonly url: string }, paint: Paint): string[] {
  const url = printable(result.url);
  if (result.outcome === 'imported_before')
    return [
      `brought over before, at ${timestamp(result.importedAt)}; nothing was changed now: ${url}`,
      ...fields([['copy', printable(result.copy)]], paint),
    ];
  const copy = result.outcome === 'imported' ? result.copy : null;
  const generation = `generation ${result.generation}${result.grown ? ', grown from an older one' : ''}`;
  return [
    `${result.outcome === 'imported' ? 'brought over' : 'would come over'}: ${url} ${paint('dim', `(${generation})`)}`,
    ...fields(
      [
        ['sessions', sessionsLine(result)],
        ['tasks', tasksLine(result)],
        ['events', `${result.came.events} of the old log`],
        ['dead letters', result.came.deadLetters === 0 ? null : `${result.came.deadLetters} told by their tasks`],
        ['left', leftLine(result)],
        ['copy', copy === null ? null : printable(copy)],
      ],
      paint,
    ),
    ...changeLines(result, paint),
  ];
}

function sessionsLine({ came: { sessions, contexts, leases } }: Findings): string {
  const parts = [`${contexts} with a context`, `${leases.held} held`, `${leases.stale} waiting for recovery`];
  return `${sessions}: ${parts.join(', ')}`;
}

function tasksLine({ came: { tasks } }: Findings): string {
  const there = Object.entries(tasks).filter(([, count]) => count > 0);
  const total = there.reduce((sum, [, count]) => sum + count, 0);
  return total === 0 ? '0' : `${total}: ${there.map(([status, count]) => `${count} ${status}`).join(', ')}`;
}

/** What has no place in the store. */
function leftLine({ found }: Findings): string | null {
  const { alerts = 0, lock_events: lockEvents = 0, distributed_lock: locks = 0 } = found;
  if (alerts + lockEvents + locks === 0) return null;
  return `${alerts} alerts, ${lockEvents} lock events, ${locks} locks: in the old tables and the copy only`;
}

function changeLines({ changes }: Findings, paint: Paint): string[] {
  if (changes.length === 0) return ['nothing changes on the way'];
  return changes.flatMap(({ kind, why, count, examples }) => [
    `${paint('yellow', `! ${kind}`)} ${count}: ${why}`,
    ...examples.map(({ table, row, column, was, becomes }) => {
      const value =
        column === null ? '' : `  ${column}: ${shown(was)}${becomes === null ? '' : ` → ${shown(becomes)}`}`;
      return `    ${paint('dim', `${table} ${printable(row)}${value}`)}`;
    }),
    ...(count > examples.length ? [paint('dim', `    and ${count - examples.length} more`)] : []),
  ]);
}

function shown(value: string | null): string {
  return value === null || value === '' ? 'nothing' : printable(value);
}
