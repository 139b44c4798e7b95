import { printable, shorten, widthOf } from './printable.ts';
import { withoutColours } from './screen.ts';
import type { Paint } from './style.ts';

/**
 * Columns under a heading, two spaces apart; the last one is not padded. Cells may be painted.
 */
export function table(heading: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string[] {
  const widths = heading.map((_, column) => Math.max(...[heading, ...rows].map((row) => columnsOf(row[column] ?? ''))));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - columnsOf(cell)),
      )
      .join('  ');
  return [paint('dim', line(heading)), ...rows.map(line)];
}

/** A label and a value per line. */
export function fields(pairs: readonly (readonly [label: string, value: string | null])[], paint: Paint): string[] {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== null);
  const width = Math.max(...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `  ${paint('dim', label.padEnd(width))}  ${value}`);
}

function columnsOf(cell: string): number {
  return widthOf(printable(withoutColours(cell)));
}

const LABEL_COLUMNS = 40;

/** A number with an id. A long id is cut: the number alone names the row, and `--json` has the whole id. */
export function labelCell(label: string): string {
  return shorten(printable(label), LABEL_COLUMNS);
}
