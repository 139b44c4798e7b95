/** What does not come over just as it stood, and why. The report lists these. */
const LEGACY_CHANGES = {
  id_changed:
    'An id or a name is too long, or holds what ids and names may not hold: it comes with a digest at its end.',
  json_as_text: 'The content is no JSON that can be stored: it comes as a string with the text that stood there.',
  content_over_limit: 'The content is larger than the limit for new content: it comes whole.',
  text_cleaned: 'Text holds U+0000 or half a character: U+FFFD stands in its place.',
  text_cut: 'Text is longer than its limit: the rest stays in the old tables.',
  number_changed:
    'A number is missing, is none, or lies outside of what is allowed: the nearest that is allowed stands for it.',
  time_unreadable: 'A time is missing or unreadable: the nearest that is known stands for it.',
  time_in_future: 'A time lies in the future: that of the import stands for it.',
  dedupe_key_dropped: 'An older task has the same dedupe key: the newer one comes without.',
  attempts_raised: 'The task has had more attempts than it was allowed: its limit is raised to fit.',
  status_unknown:
    'The status is not known: a session comes idle, a task cancelled (`orchestrator task retry` queues it again).',
  task_requeued: 'The task was claimed or running, and no running session has it in flight: it is queued again.',
  session_idle: 'The session was running without a task in flight: it comes idle.',
  lease_stale: 'The session was running, and its lock had expired or was gone: it waits for recovery.',
  lease_shortened: 'The lock was to last longer than the longest lease: it is cut to that.',
  session_made: 'Rows name a session that is not there: it is made for them.',
  task_made: 'An open dead letter names a task that is not there: it is made from it.',
  left_out: 'The row fits nowhere here: it stays in the old tables.',
} as const;

export type LegacyChangeKind = keyof typeof LEGACY_CHANGES;

/** One value that changed on the way. */
export interface LegacyExample {
  readonly table: string;
  /** The old id of the row. */
  readonly row: string;
  readonly column: string | null;
  /** Shortened to 100 characters; null: nothing stood there. */
  readonly was: string | null;
  /** Shortened likewise; null: nothing stands there now, or nothing changed but what it means. */
  readonly becomes: string | null;
}

/** One kind of change, with the first few of its cases. */
export interface LegacyChange {
  readonly kind: LegacyChangeKind;
  readonly why: string;
  readonly count: number;
  readonly examples: readonly LegacyExample[];
}

/** Examples kept of each kind: a report must not grow with the file. */
const EXAMPLES_MAX = 10;
const SHOWN_CHARACTERS_MAX = 100;

/** Counts what changes, and remembers the first few cases of each kind. */
export class LegacyNotes {
  readonly #found = new Map<LegacyChangeKind, { count: number; examples: LegacyExample[] }>();

  add(kind: LegacyChangeKind, { table, row, column, was, becomes }: LegacyExample): void {
    const found = this.#found.get(kind) ?? { count: 0, examples: [] };
    this.#found.set(kind, found);
    found.count += 1;
    // A name stands in many rows, and is one case.
    const known =
      kind === 'id_changed' && found.examples.some((one) => one.column === column && one.becomes === becomes);
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
