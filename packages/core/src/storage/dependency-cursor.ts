import { fromJsonText } from '../model/json.ts';

/** The key of a dependency within its namespace; with `seq`, of one of its ends. */
export interface DependencyKey {
  readonly taskId: string;
  readonly dependencyId: string;
  readonly seq?: number;
}

/** For storages: the cursor of a dependency in the list of all, or of an end. */
export function dependencyKeyCursor({ taskId, dependencyId, seq }: DependencyKey): string {
  return JSON.stringify(seq === undefined ? [taskId, dependencyId] : [taskId, dependencyId, seq]);
}

/** The parts of such a cursor, in their order. */
export function dependencyKeyAfter(cursor: string): readonly (string | number)[] {
  return fromJsonText(cursor) as readonly (string | number)[];
}
