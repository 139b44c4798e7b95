/** What the product writes for a batch of new tasks and for one claim and release, as texts and rows for the floor. */
export interface Sample {
  /** Payloads of events. */
  readonly claimed: string;
  readonly succeeded: string;
  readonly closed: string;
  /** Replies in receipts. */
  readonly claimReply: string;
  readonly releaseReply: string;
  readonly enqueueReply: string;
  /** Rows of one batch, by table, as SQLite gave them. */
  readonly rows: Readonly<Record<'sessions' | 'tasks' | 'event_log', readonly Row[]>>;
}

export type Row = Readonly<Record<string, string | number | Buffer | null>>;
