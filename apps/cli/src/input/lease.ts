/** The options of a lease, for `claim` and `release --claim-next`. */
export interface LeaseOptions {
  readonly kind?: string[];
  readonly role?: string[];
  readonly ttl?: number;
  readonly staleAfter?: number;
  /** The configured values, for options that no flag sets. */
  readonly configured?: { readonly ttl?: number; readonly staleAfter?: number };
}

interface LeaseRequest {
  readonly kinds?: string[];
  readonly roles?: string[];
  readonly ttlMs?: number;
  readonly staleAfterMs?: number;
}

/** The flags as fields of the API, which checks their values. */
export function leaseRequest({ kind, role, configured, ...flags }: LeaseOptions): LeaseRequest {
  const { ttl = configured?.ttl, staleAfter = configured?.staleAfter } = flags;
  return {
    ...(kind !== undefined && { kinds: kind }),
    ...(role !== undefined && { roles: role }),
    ...(ttl !== undefined && { ttlMs: ttl }),
    ...(staleAfter !== undefined && { staleAfterMs: staleAfter }),
  };
}
