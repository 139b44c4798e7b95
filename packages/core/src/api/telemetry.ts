import type { CommandName } from '../log/lifecycle.ts';

/** Told of every command. Must not throw. */
export interface Telemetry {
  /** @returns called once, when the command was answered or failed */
  started(
    command: CommandName,
    namespace: string,
  ): (end: { readonly ok: boolean; readonly reason?: string; readonly error?: unknown }) => void;
}
