/** Which store a URL names. */
export interface StoreLocation {
  /** The first of the provider's schemes, whichever the URL has. */
  readonly scheme: string;
  /** For people, and to compare stores by: without a password, paths absolute. */
  readonly url: string;
  /** The URL by which any program opens the store, in whatever folder it runs. May hold a password. */
  readonly address: string;
  /** Of a store that is one file: its absolute path. */
  readonly path?: string;
}
