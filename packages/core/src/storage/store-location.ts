/** The store that a URL names. */
export interface StoreLocation {
  /** The first of the provider's schemes, even if the URL has another one. */
  readonly scheme: string;
  /** The URL for people, and to compare stores by: without a password, paths absolute. */
  readonly url: string;
  /** The URL by which any program opens the store, in whatever folder it runs. May hold a password. */
  readonly address: string;
  /** The absolute path of a store that is one file. */
  readonly path?: string;
}
