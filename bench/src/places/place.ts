/** What the server of a store used since it began; a file has none. */
export interface ServerUse {
  readonly cpuMs: number;
  readonly walBytes: number;
}

/** A store for one measurement, which begins empty. */
interface FreshStore extends AsyncDisposable {
  readonly url: string;
}

/** Where stores are made: in a folder, or on a server. */
export interface Place {
  /** As the table shows it. */
  readonly name: string;
  fresh(): Promise<FreshStore>;
  use(): Promise<ServerUse>;
}
