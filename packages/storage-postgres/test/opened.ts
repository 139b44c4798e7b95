import type { Opened } from '@agent-orchestrator/storage-conformance';

/** A store and a second connection to it, used as an agent uses it. */
export interface OpenedPostgres extends Opened {
  readonly url: string;
  readonly adminUrl: string;
}
