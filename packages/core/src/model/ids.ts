import { sha256 } from './sha256.ts';

/** When a UUIDv7 was made, in milliseconds: its first 48 bits. */
export function timeOfUuid(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}

/**
 * The id of a batch's task at a position: a UUIDv7 that begins with the command's time and the position. So a batch
 * keeps its order where all else is equal, and the same command always makes the same ids.
 */
export function taskIdFor(commandId: string, position: number): string {
  return derivedId(commandId, position, 'task');
}

/** The command id of a batch's part at a position. */
export function partCommandId(commandId: string, position: number): string {
  return derivedId(commandId, position, 'part');
}

/** A number in [0, 1) that is the same each time the same command is decided again. */
export function jitterFor(commandId: string, taskId: string): number {
  return Number.parseInt(sha256(`jitter:${commandId}:${taskId}`).slice(0, 8), 16) / 0x1_0000_0000;
}

function derivedId(commandId: string, position: number, purpose: string): string {
  const random = sha256(`${purpose}:${commandId}:${position}`);
  // 12 bits after the version hold the position (a batch has at most 1,000 parts); the variant bits are 10.
  const variant = ((Number.parseInt(random.slice(0, 1), 16) & 0x3) | 0x8).toString(16);
  const third = `7${position.toString(16).padStart(3, '0')}`;
  return `${commandId.slice(0, 14)}${third}-${variant}${random.slice(1, 4)}-${random.slice(4, 16)}`;
}
