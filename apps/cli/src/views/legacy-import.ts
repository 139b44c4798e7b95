import { counted, type LegacyImport } from '@agent-orchestrator/runtime';
import type { Paint } from '../output/style.ts';
import { fields } from '../output/table.ts';
import { copiedLines } from './copy.ts';

type Findings = Exclude<LegacyImport, { outcome: 'imported_before' }>;

/** The result of an import of the proof of concept's database, or of its plan. */
export function importLines(result: LegacyImport, paint: Paint): string[] {
  const places = `${result.file} → ${result.store}`;
  if (result.outcome === 'imported_before') return [`was imported before: ${places}`];
  const generation = `generation ${result.generation}${result.grown ? ', grown from an older one' : ''}`;
  return [
    `${result.outcome === 'imported' ? 'imported' : 'would be imported'}: ${places} ${paint('dim', `(${generation})`)}`,
    ...fields(
      [
        ['sessions', sessionsLine(result)],
        ['tasks', tasksLine(result)],
        ['events', `${result.imported.events} of the old log`],
        ['dead letters', deadLettersLine(result)],
        ['left', leftLine(result)],
      ],
      paint,
    ),
    ...changeLines(result, paint),
    ...(result.outcome === 'imported' ? copiedLines(result.compared) : []),
  ];
}

function sessionsLine({ imported: { sessions, contexts, leases } }: Findings): string {
  const parts = [`${contexts} with a context`, `${leases.held} held`, `${leases.stale} waiting for recovery`];
  return `${sessions}: ${parts.join(', ')}`;
}

function tasksLine({ imported: { tasks } }: Findings): string {
  const there = Object.entries(tasks).filter(([, count]) => count > 0);
  const total = there.reduce((sum, [, count]) => sum + count, 0);
  return total === 0 ? '0' : `${total}: ${there.map(([status, count]) => `${count} ${status}`).join(', ')}`;
}

function deadLettersLine({ imported: { deadLetters } }: Findings): string | null {
  return deadLetters === 0 ? null : `${deadLetters}, in the errors of their tasks`;
}

/** Rows that are not imported. */
function leftLine({ found }: Findings): string | null {
  const { alerts = 0, lock_events: lockEvents = 0, distributed_lock: locks = 0 } = found;
  if (alerts + lockEvents + locks === 0) return null;
  const parts = [counted(alerts, 'alert'), counted(lockEvents, 'lock event'), counted(locks, 'lock')];
  return `${parts.join(', ')}: only in the old file`;
}

function changeLines({ changes }: Findings, paint: Paint): string[] {
  if (changes.length === 0) return ['no value changes'];
  return changes.flatMap(({ kind, why, count, examples }) => [
    `${paint('yellow', `! ${kind}`)} ${count}: ${why}`,
    ...examples.map(({ table, row, column, was, becomes }) => {
      const value =
        column === null ? '' : `  ${column}: ${shown(was)}${becomes === null ? '' : ` → ${shown(becomes)}`}`;
      return `    ${paint('dim', `${table} ${row}${value}`)}`;
    }),
    ...(count > examples.length ? [paint('dim', `    and ${count - examples.length} more`)] : []),
  ]);
}

function shown(value: string | null): string {
  return value === null || value === '' ? 'nothing' : value;
}
