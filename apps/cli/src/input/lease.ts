/** What is asked of a lease, of `claim` as well as of `release --claim-next`. */
export interface LeaseOptions {
  readonly kind?: string[];
  readonly role?: string[];
  readonly ttl?: number;
  readonly staleAfter?: number;
  /** What was configured of leases: holds where no flag does. */
  readonly configured?: { readonly ttl?: number; readonly staleAfter?: number };
}

interface LeaseRequest {
  readonly kinds?: string[];
  readonly roles?: string[];
  readonly ttlMs?: number;
  readonly staleAfterMs?: number;
}

/** The flags as fields of the API. One that was given is sent whatever it says: the API refuses what is no lease. */
export function leaseRequest({ kind, role, configured, ...flags }: LeaseOptions): LeaseRequest {
  const { ttl = configured?.ttl, staleAfter = configured?.staleAfter } = flags;
  return {
    ...(kind !== undefined && { kinds: kind }),
    ...(role !== undefined && { roles: role }),
    ...(ttl !== undefined && { ttlMs: ttl }),
    ...(staleAfter !== undefined && { staleAfterMs: staleAfter }),
  };
}
