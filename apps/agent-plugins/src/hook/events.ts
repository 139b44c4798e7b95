import type { PluginHost } from '../write-plugins.ts';

/** What happened in a host, in words that are the same for all. */
export type Moment =
  /** A session begins, continues, or lost its context. */
  | 'session_start'
  /** The context is about to be shortened. */
  | 'before_compaction'
  | 'turn_end'
  | 'session_end';

/** The events that each host is asked to tell, by its own names. */
const MOMENTS: Readonly<Record<Exclude<PluginHost, 'openclaw'>, Readonly<Record<string, Moment>>>> = {
  'claude-code': {
    SessionStart: 'session_start',
    PreCompact: 'before_compaction',
    Stop: 'turn_end',
    SessionEnd: 'session_end',
  },
  codex: {
    SessionStart: 'session_start',
    PreCompact: 'before_compaction',
    Stop: 'turn_end',
    SessionEnd: 'session_end',
  },
  'gemini-cli': { SessionStart: 'session_start', AfterAgent: 'turn_end', SessionEnd: 'session_end' },
};

/** An event of a host, read. */
export interface HookEvent {
  readonly host: string;
  /** As the host calls it. */
  readonly name: string;
  readonly moment: Moment;
  /** The session of the host, which a restart can continue. */
  readonly hostSession: string | null;
  /** The file in which the host keeps what was said. */
  readonly transcript: string | null;
  /** What the model said last. */
  readonly lastMessage: string | null;
  /** A session ended, but its host continues with another one. */
  readonly goesOn: boolean;
}

/** @returns null for a host or an event that is not known, and for an event of a subagent */
export function readEvent(host: string, name: string, input: unknown): HookEvent | null {
  const moment = Object.hasOwn(MOMENTS, host) ? MOMENTS[host as keyof typeof MOMENTS][name] : undefined;
  if (moment === undefined || typeof input !== 'object' || input === null) return null;
  const text = (...fields: string[]): string | null => {
    for (const field of fields) {
      const value = (input as Readonly<Record<string, unknown>>)[field];
      if (typeof value === 'string' && value !== '') return value;
    }
    return null;
  };
  if (text('agent_id') !== null) return null;
  const reason = text('reason');
  return {
    host,
    name,
    moment,
    hostSession: text('session_id'),
    transcript: text('transcript_path'),
    lastMessage: text('last_assistant_message', 'prompt_response'),
    goesOn: reason === 'clear' || reason === 'resume',
  };
}

/** The card in the form in which all three hosts take it. */
export function cardOutput({ name }: HookEvent, card: string): string {
  return JSON.stringify({ hookSpecificOutput: { hookEventName: name, additionalContext: card } });
}
