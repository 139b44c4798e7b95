import { invalidInput } from '../model/errors.ts';

/** Where a page of a list begins or ends. */
export interface Cursors {
  readonly after?: string | undefined;
  readonly before?: string | null | undefined;
}

/** The cursor of a list, if it has one. */
export function cursorsOf({ after, before }: Cursors): (readonly [name: keyof Cursors, cursor: string])[] {
  return [
    ...(after === undefined ? [] : [['after', after] as const]),
    ...(before === undefined || before === null ? [] : [['before', before] as const]),
  ];
}

/** The same cursors, with ids where they are numbers for people. */
export async function cursorIds(page: Cursors, idOf: (cursor: string) => Promise<string>): Promise<Cursors> {
  const cursors = cursorsOf(page).map(async ([name, cursor]) => [name, await idOf(cursor)] as const);
  return Object.fromEntries(await Promise.all(cursors));
}

/**
 * Rows are never removed, so a cursor without a row is a mistake: an empty page would look like the end of the list.
 */
export function assertCursor(name: keyof Cursors, row: object | null, called: string): void {
  if (row === null) throw invalidInput(name, `is not a cursor: there is no ${called} with this id`);
}
