import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isoSeconds, OrchestratorError, type Orchestrator } from '@agent-orchestrator/core';
import {
  attemptsOf,
  describeMissing,
  LogComparison,
  namespaceOf,
  oncePerCommand,
  parseJournal,
  promisedEffects,
  type Attempt,
  type MissingOperation,
} from '@agent-orchestrator/core/journal';
import { everyRow } from './every-row.ts';
import { messageOf } from '../text/message-of.ts';
import { pathOfArgument } from '../system/path.ts';

/** An acknowledged call as the report shows it: without its content. */
export type AcknowledgedCall = Pick<Attempt, 'command' | 'agent' | 'instance' | 'sentAt' | 'answeredAt'>;

/** Which of the operations that journals say were acknowledged the store has. */
export interface JournalCheck {
  /** Whether the store has all of them. */
  readonly ok: boolean;
  /** How many journal files were read. */
  readonly files: number;
  /** The only namespace that was compared; null: all of them were. */
  readonly namespace: string | null;
  /** How many acknowledged calls promise something, and were compared. */
  readonly operations: number;
  /** How many of other namespaces were left out. */
  readonly leftOut: number;
  /** How much is missing, in one sentence; also says that nothing was compared. */
  readonly summary: string;
  /** One for each command, in the order in which they were answered. */
  readonly missing: readonly MissingOperation<AcknowledgedCall>[];
  /** The log was read up to this event. */
  readonly asOf: number;
}

/**
 * Reads all journals in the folders, then the log once, page by page. Returns the acknowledged operations that the log
 * lacks. Workers may continue meanwhile. The memory that it needs depends on the journals, not on the log.
 *
 * @param namespace only operations in this namespace; all without it
 * @throws `JOURNAL_NOT_FOUND`, `JOURNAL_DAMAGED`
 */
export async function checkJournals(
  orchestrator: Orchestrator,
  folders: readonly string[],
  namespace?: string,
): Promise<JournalCheck> {
  const comparison = new LogComparison<AcknowledgedCall>();
  const only = namespace?.normalize('NFC') ?? null;
  let [files, leftOut] = [0, 0];
  for (const folder of folders)
    for await (const journal of journalsIn(pathOfArgument(folder, 'journal'))) {
      files += 1;
      leftOut += expectAll(comparison, journal, only);
    }
  // Asked after the journals were read, so that all that they acknowledge is settled.
  const asOf = await orchestrator.asOf();
  for (const one of comparison.namespaces) await seeAll(comparison, orchestrator, one, asOf);
  const missing = oncePerCommand(comparison.missing());
  const ok = missing.length === 0;
  const operations = comparison.count;
  const summary = operations === 0 ? 'No acknowledged operation was compared.' : describeMissing(missing);
  return { ok, files, namespace: only, operations, leftOut, summary, missing, asOf };
}

interface JournalText {
  readonly file: string;
  readonly text: string;
}

/** One file at a time: all files of a folder may not fit into memory. */
async function* journalsIn(folder: string): AsyncGenerator<JournalText> {
  const names = await orNotFound(folder, readdir(folder));
  const journals = names.filter((name) => name.endsWith('.jsonl')).toSorted();
  if (journals.length === 0) throw new OrchestratorError('JOURNAL_NOT_FOUND', `There is no journal in ${folder}.`);
  for (const name of journals) {
    const file = join(folder, name);
    const text = await orNotFound(file, readFile(file, 'utf8').catch(nullIfGone));
    if (text !== null) yield { file, text };
  }
}

/** A run that ends removes its journal if there is nothing in it to compare. */
function nullIfGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

async function orNotFound<T>(path: string, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    const why = messageOf(error);
    throw new OrchestratorError('JOURNAL_NOT_FOUND', `${path} cannot be read: ${why}`, { cause: error });
  }
}

/**
 * Adds the calls of a journal.
 *
 * @param only the namespace whose calls are compared; null: those of all
 * @returns how many calls of other namespaces promise something, and are left out
 */
function expectAll(
  comparison: LogComparison<AcknowledgedCall>,
  { file, text }: JournalText,
  only: string | null,
): number {
  let leftOut = 0;
  for (const attempt of attemptsOf(parseJournal(text, file))) {
    const { command, agent, instance, sentAt, answeredAt } = attempt;
    try {
      if (only === null || namespaceOf(attempt) === only)
        comparison.expect(attempt, { command, agent, instance, sentAt, answeredAt });
      else if (promisedEffects(attempt).length > 0) leftOut += 1;
    } catch (error) {
      const problem = `The ${command} of ${isoSeconds(sentAt)} in ${file} is not complete.`;
      throw new OrchestratorError('JOURNAL_DAMAGED', problem, { cause: error });
    }
  }
  return leftOut;
}

async function seeAll(
  comparison: LogComparison<AcknowledgedCall>,
  orchestrator: Orchestrator,
  namespace: string,
  upTo: number,
): Promise<void> {
  const events = everyRow((page) => orchestrator.listEvents({ ...page, namespace, upTo }));
  for await (const event of events) {
    comparison.see(event);
    if (comparison.isComplete(namespace)) return;
  }
}
