import {
  AGENT_TRANSITIONS,
  isEnded,
  OTHER_AGENTS,
  SESSION_TRANSITIONS,
  TASK_STATUS_NAMES,
  TASK_TRANSITIONS,
  type CommandName,
  type EventType,
  type TaskStatus,
} from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter, type Promised } from '../chapter.ts';
import { AGENT } from '../factories.ts';
import type { World } from '../world.ts';
import { AGENT_MOVES } from './agent-moves.ts';
import { COMMANDS, SESSION_MOVES, STATUSES, TASK_MOVES, type Move, type TaskCommand } from './lifecycle-moves.ts';

interface Row {
  readonly from: string | null;
  readonly to: string;
  readonly event: EventType | null;
  readonly command: CommandName | null;
}

/** What ends for good. */
const ENDS: ReadonlySet<string> = new Set(['closed', ...TASK_STATUS_NAMES.filter(isEnded)]);

/** Every row of the transition tables happens, and no other pair of status and command has an effect. */
export const lifecycle = chapter('status × command', {
  ...promises(TASK_TRANSITIONS, TASK_MOVES, 'a task goes from', (world, { taskId }) =>
    world.peer.read.task('default', taskId),
  ),
  ...promises(SESSION_TRANSITIONS, SESSION_MOVES, 'a session goes from', async (world, { sessionId }) => {
    const found = await world.peer.read.session('default', sessionId);
    return found?.session ?? null;
  }),
  ...promises(
    AGENT_TRANSITIONS.filter(({ event }) => event !== 'agent.policy_set'),
    AGENT_MOVES,
    'an agent goes from',
    (world) => world.peer.read.agent('default', AGENT),
  ),
  ...promises(
    AGENT_TRANSITIONS.filter(({ event }) => event === 'agent.policy_set'),
    AGENT_MOVES,
    'the entry of all other agents goes from',
    (world) => world.peer.read.agent('default', OTHER_AGENTS),
  ),
  ...Object.fromEntries(
    pairsWithoutRow().map(
      ({ status, command }) =>
        [`a task that is ${status} is not moved by ${command}`, noEffect(status, command)] as const,
    ),
  ),
});

function nameOf({ from, to, event, command }: Row): string {
  return `${from ?? 'nothing'} → ${to} by ${command ?? 'time'} (${event ?? 'no event'})`;
}

type Look = (world: World, subject: Awaited<ReturnType<Move['given']>>) => Promise<{ readonly status: string } | null>;

function promises(table: readonly Row[], moves: Readonly<Record<string, Move>>, claim: string, look: Look) {
  const entries = table.map((row): [string, Promised] => {
    const move = moves[nameOf(row)];
    if (move === undefined) throw new Error(`no case brings about what the table says: ${nameOf(row)}`);
    return [`${claim} ${nameOf(row)}`, happens(row, move, look)];
  });
  return Object.fromEntries(entries);
}

/** What a crash leaves behind goes through a status that is over within the same command, so it is never seen. */
function isPassedThrough({ from, to, command }: Row): boolean {
  return (
    ENDS.has(to) &&
    (command === 'recover' ||
      command === 'claim' ||
      command === 'enqueue' ||
      (command === 'release' && (from === 'idle' || from === 'waiting')))
  );
}

/** What was there before the command, if it ends there what it begins. */
function seenBefore(row: Row): string | null {
  if (row.command === 'enqueue' && ENDS.has(row.to)) return null;
  return isPassedThrough(row) ? 'running' : row.from;
}

function happens(row: Row, { given, when }: Move, look: Look): Promised {
  return async (world) => {
    const subject = await given(world);
    const before = await look(world, subject);
    const logged = (await world.events()).length;

    const reply = await when(world, subject);

    const after = await look(world, subject);
    expect(before?.status ?? null).toBe(seenBefore(row));
    expect({ reply, status: after?.status }).toMatchObject({ status: row.to });
    const types = (await world.events()).slice(logged).map(({ type }) => type);
    if (row.event === null) expect(types).toEqual([]);
    else expect(types).toContain(row.event);
  };
}

function pairsWithoutRow(): { status: TaskStatus; command: TaskCommand }[] {
  const commands = Object.keys(COMMANDS) as TaskCommand[];
  const pairs = TASK_STATUS_NAMES.flatMap((status) => commands.map((command) => ({ status, command })));
  return pairs.filter(({ status, command }) => !hasRow(status, command));
}

function hasRow(status: TaskStatus, command: TaskCommand): boolean {
  return TASK_TRANSITIONS.some((row) => row.from === status && row.command === command && !isPassedThrough(row));
}

function noEffect(status: TaskStatus, command: TaskCommand): Promised {
  return async (world) => {
    const subject = await STATUSES[status](world);
    const before = await world.everything();

    // Some answer a refusal, some throw, some say that it is so already: none has an effect.
    const reply = await COMMANDS[command](world, subject).catch((error: unknown) => error);

    const after = await world.everything();
    expect(before.tasks.find(({ id }) => id === subject.taskId)?.status).toBe(status);
    expect({ reply, tasks: after.tasks }).toEqual({ reply, tasks: before.tasks });
    expect(after.events).toEqual(before.events);
    // A heartbeat of the holder moves the lease's deadlines, and nothing of the task.
    if (command !== 'heartbeat' || status !== 'running') expect(after.sessions).toEqual(before.sessions);
  };
}
