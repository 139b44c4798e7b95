/** What a unit of work is about. Every scope but `held` stays within one namespace. */
export type Scope = Readonly<{ namespace: string; commandId?: string }> &
  (
    | Readonly<{ by: 'session'; sessionId: string; token?: number; waiting?: number; then?: ReadyFilter }>
    | Readonly<{ by: 'ready'; staleLimit: number; heldBy?: string } & ReadyFilter>
    | Readonly<{ by: 'stale'; limit: number; also?: readonly string[] }>
    | Readonly<{ by: 'held'; limit: number; after: SessionKey | null }>
    | Readonly<{ by: 'task'; taskId: string }>
    | Readonly<{ by: 'new'; sessionIds: readonly string[]; taskIds: readonly string[]; dedupeKeys: readonly string[] }>
  );

/** Idle sessions whose head fits: for one of the addressees (see `addresseesOf`), of one of the kinds if given. Best first. */
export interface ReadyFilter {
  readonly addressees: readonly string[];
  readonly kinds?: readonly string[];
  readonly limit: number;
}

export interface SessionKey {
  readonly namespace: string;
  readonly sessionId: string;
}
