import type { Numbered, NumberedKind } from '@agent-orchestrator/core';
import { referenceTo } from '@agent-orchestrator/runtime';

/** Options of every list. */
export interface PageOptions {
  readonly limit?: number;
  readonly after?: string;
}

/** Says that there are further rows, and how to get them. */
export function pageRemark(kind: NumberedKind, shown: readonly Numbered[], next: string | null): string[] {
  const last = shown.at(-1);
  if (next === null || last === undefined) return [];
  return [`${shown.length} shown, there are more: --after ${referenceTo(kind, last)}, or a larger --limit`];
}
