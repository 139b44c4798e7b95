import type { Command, CommandInput } from '../commands/command.ts';
import type { CommandName } from '../log/lifecycle.ts';

/** How a command ended: answered, refused for a reason, or failed. */
export interface CommandEnd {
  readonly ok: boolean;
  readonly reason?: string;
  readonly error?: unknown;
}

/** Is called for every command. Must not throw. */
export interface Telemetry {
  /** @returns a function that is called once, when the command was answered or failed */
  started(command: CommandName, namespace: string): (end: CommandEnd) => void;
}

/** How a command ended that was answered. The command declares how its reply tells a reason. */
export function answered<Input extends CommandInput, Reply extends { readonly ok: boolean }>(
  { refusalReason }: Pick<Command<Input, Reply>, 'refusalReason'>,
  reply: Reply,
): CommandEnd {
  const reason = refusalReason?.(reply) ?? null;
  return { ok: reply.ok, ...(reason !== null && { reason }) };
}
