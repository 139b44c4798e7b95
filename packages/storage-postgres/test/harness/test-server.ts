/** A server that tests may do with as they like. */
export interface TestServer {
  /** Of its superuser, with a database that nothing is done in. */
  readonly url: string;
  /** What was chosen, in words. */
  readonly from: string;
  stop(): Promise<void>;
}
