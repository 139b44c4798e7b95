/** The kinds of value that cannot be imported unchanged, and why. The report lists these. */
const LEGACY_CHANGES = {
  id_changed:
    'An id or a name is too long, has characters that are not allowed, or looks like a number (t42, s17): ' +
    'it gets a digest at its end.',
  id_normalized: 'An id or a name is written in another Unicode form: it is stored in form NFC.',
  json_as_text: 'The content is not JSON that can be stored: it becomes a string with the same text.',
  content_over_limit: 'The content is larger than the limit for new content: it is imported whole.',
  text_cleaned: 'A text contains U+0000 or half of a character: U+FFFD replaces it.',
  text_cut: 'A text is longer than its limit: the rest is only in the old file.',
  number_changed: 'A number is missing, is not a number, or is out of range: the nearest allowed number replaces it.',
  time_unreadable: 'A time is missing or unreadable: the nearest known time replaces it.',
  time_in_future: 'A time is in the future: the time of the import replaces it.',
  dedupe_key_dropped: 'An older task has the same dedupe key: the newer task is imported without it.',
  attempts_raised: 'The task had more attempts than its limit: the limit is raised to that number.',
  status_unknown:
    'The status is unknown: a session becomes idle, a task cancelled (`orchestrator task retry` queues it again).',
  task_requeued: 'The task was claimed or running, but no running session works on it: it is queued again.',
  session_idle: 'The session was running without a task: it becomes idle.',
  lease_stale: 'The session was running, and its lock had expired or was missing: it waits for recovery.',
  lease_shortened: 'The lock would last longer than the longest lease: it is shortened to that.',
  session_made: 'Rows name a session that does not exist: it is created for them.',
  task_made: 'An open dead letter names a task that does not exist: the task is created from it.',
  left_out: 'The row has no place in a store: it is only in the old file.',
} as const;

export type LegacyChangeKind = keyof typeof LEGACY_CHANGES;

/** One value that the import changes. */
export interface LegacyExample {
  readonly table: string;
  /** The old id of the row. */
  readonly row: string;
  readonly column: string | null;
  /** The old value, shortened to 100 characters; null: there was none. */
  readonly was: string | null;
  /** The new value, shortened likewise; null: there is none, or only the meaning of the value changed. */
  readonly becomes: string | null;
}

/** One kind of change, with its first examples. */
export interface LegacyChange {
  readonly kind: LegacyChangeKind;
  readonly why: string;
  readonly count: number;
  readonly examples: readonly LegacyExample[];
}

/** Examples of each kind: a report must not grow with the file. */
const EXAMPLES_MAX = 10;
const SHOWN_CHARACTERS_MAX = 100;

/** Counts the changes, and keeps the first examples of each kind. */
export class Changes {
  readonly #found = new Map<LegacyChangeKind, { count: number; examples: LegacyExample[] }>();

  add(kind: LegacyChangeKind, { table, row, column, was, becomes }: LegacyExample): void {
    const found = this.#found.get(kind) ?? { count: 0, examples: [] };
    this.#found.set(kind, found);
    found.count += 1;
    // A name in many rows is one example.
    const known =
      kind.startsWith('id_') && found.examples.some((one) => one.column === column && one.becomes === becomes);
    if (!known && found.examples.length < EXAMPLES_MAX)
      found.examples.push({ table, row: shown(row), column, was: shown(was), becomes: shown(becomes) });
  }

  get all(): readonly LegacyChange[] {
    return [...this.#found].map(([kind, found]) => ({ kind, why: LEGACY_CHANGES[kind], ...found }));
  }
}

function shown(text: string): string;
function shown(text: string | null): string | null;
function shown(text: string | null): string | null {
  return text === null || text.length <= SHOWN_CHARACTERS_MAX
    ? text
    : `${text.slice(0, SHOWN_CHARACTERS_MAX).toWellFormed()}…`;
}
