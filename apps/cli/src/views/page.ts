import type { Numbered, NumberedKind } from '@agent-orchestrator/core';
import { referenceTo, type ListStart } from '@agent-orchestrator/runtime';
import type { Command } from 'commander';
import { usage } from '../failure.ts';
import { parseCount } from '../input/parse.ts';

/** Options of every list. */
export interface PageOptions {
  readonly limit?: number;
  readonly after?: string;
  /** true: from the end. */
  readonly before?: string | true;
}

export function definePageOptions(command: Command): Command {
  return command
    .option('--limit <n>', 'maximum number (default: 50)', parseCount)
    .option('--after <cursor>', 'the page after this one')
    .option('--before [cursor]', 'newest first: the page before this one (default: the last page)');
}

/** Where the list begins, as the API takes it. */
export function listStart({ after, before }: Omit<PageOptions, 'limit'>): ListStart {
  if (after !== undefined && before !== undefined)
    throw usage('--after and --before cannot be given together.', 'Omit one of them.', 'before');
  return {
    ...(after !== undefined && { after }),
    ...(before !== undefined && { before: before === true ? null : before }),
  };
}

/** Says that there are further rows, and how to get them. */
export function pageRemark(
  kind: NumberedKind,
  shown: readonly Numbered[],
  { next, before }: { readonly next: string | null } & PageOptions,
): string[] {
  const last = shown.at(-1);
  if (next === null || last === undefined) return [];
  const flag = before === undefined ? '--after' : '--before';
  return [`${shown.length} shown, there are more: ${flag} ${referenceTo(kind, last)}, or a larger --limit`];
}
