import type { CommandName } from '../log/lifecycle.ts';

/** Is called for every command. Must not throw. */
export interface Telemetry {
  /** @returns a function that is called once, when the command was answered or failed */
  started(
    command: CommandName,
    namespace: string,
  ): (end: { readonly ok: boolean; readonly reason?: string; readonly error?: unknown }) => void;
}
