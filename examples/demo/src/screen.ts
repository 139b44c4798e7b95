import type { EventRecord } from '@agent-orchestrator/core';
import { durationText } from '@agent-orchestrator/runtime/duration';
import type { Paint } from './paint.ts';
import { COMPANY, handovers, isResumption, positionOf, readLog, type LeaseStory, type TaskStory } from './read-log.ts';

const AGENT_COLUMNS = 13;
/** For smaller tasks, only the beginning and the end are shown. */
const TELLING_FILES_MIN = 20;

/** Shows the demo line by line, from the log. */
export class Screen {
  readonly #print: (line: string) => void;
  readonly #paint: Paint;
  readonly #events: EventRecord[] = [];
  readonly #startedAt: number;
  /** Quarters of each task that were shown. */
  readonly #quarters = new Map<string, number>();

  constructor(print: (line: string) => void, paint: Paint, startedAt: number) {
    this.#print = print;
    this.#paint = paint;
    this.#startedAt = startedAt;
  }

  /** One line: the time, the event, the agent. */
  say(at: number, what: string, who: string, more: string): void {
    const time = `${((at - this.#startedAt) / 1000).toFixed(1).padStart(5)}s`;
    const name = this.#paint(who === COMPANY ? 'cyan' : 'magenta', who.padEnd(AGENT_COLUMNS));
    this.#print(`${this.#paint('dim', time)}  ${what}  ${name}  ${more}`);
  }

  tell(event: EventRecord): void {
    this.#events.push(event);
    const stories = readLog(this.#events);
    const story =
      stories.find(({ id }) => id === event.taskId) ?? stories.find(({ sessionId }) => sessionId === event.sessionId);
    if (story === undefined) return;
    switch (event.type) {
      case 'task.claimed':
        return this.#claimed(event, story);
      case 'session.checkpointed':
        return this.#checkpointed(event, story);
      case 'task.succeeded':
        return this.say(
          event.at,
          this.#paint('green', '✓ finished '),
          event.agent ?? '',
          `${story.sessionId}, all ${story.files.length} files`,
        );
      case 'lease.refused':
        return this.#refused(event, story);
      default:
    }
  }

  #claimed(event: EventRecord, story: TaskStory): void {
    const lease = story.leases.at(-1);
    const handover = handovers([story]).at(-1);
    const isNext = handover !== undefined && handover.next === lease;
    const position = `file ${positionOf(story) + 1} of ${story.files.length}`;
    if (!isNext) {
      const lasts = lease === undefined ? '' : `, lease ${seconds(lease.ttlMs)}`;
      this.say(
        event.at,
        this.#paint('blue', '▶ claimed  '),
        event.agent ?? '',
        `${story.sessionId}, ${story.files.length} files${lasts}`,
      );
    } else if (isResumption(handover)) {
      const { expires_at: expiresAt } = handover.lostAt.payload as { expires_at: number };
      const early = seconds(expiresAt - event.at);
      this.say(
        event.at,
        this.#paint('green', '↻ resumed  '),
        event.agent ?? '',
        `${story.sessionId}, at once (${early} before its lease ends), continues with ${position}`,
      );
    } else {
      this.say(
        event.at,
        this.#paint('green', '↻ took over'),
        event.agent ?? '',
        `${story.sessionId} from ${handover.lost.agent}, continues with ${position}`,
      );
    }
  }

  #checkpointed(event: EventRecord, story: TaskStory): void {
    const position = positionOf(story);
    const quarter = Math.floor((4 * position) / story.files.length);
    if (story.files.length < TELLING_FILES_MIN || quarter === (this.#quarters.get(story.id) ?? 0) || quarter === 4)
      return;
    this.#quarters.set(story.id, quarter);
    this.say(
      event.at,
      this.#paint('dim', '· saved    '),
      event.agent ?? '',
      this.#paint('dim', `${story.sessionId}, ${position} of ${story.files.length}`),
    );
  }

  #refused(event: EventRecord, story: TaskStory): void {
    const holder = story.leases.at(-1);
    const now = holder === undefined ? '' : `; ${holder.agent} has ${holder.fence}`;
    this.say(
      event.at,
      this.#paint('red', '✗ refused  '),
      event.agent ?? '',
      `its late write to ${story.sessionId}: fence ${event.fence ?? ''} is over${now}`,
    );
  }
}

/** The heading of the table at the end. */
export const SUMMARY_HEADING = ['TASK', 'FILES', 'ATTEMPTS', 'INTERRUPTIONS', 'FILES BY AGENT'] as const;

/** The table at the end. */
export function summaryRows(stories: readonly TaskStory[]): string[][] {
  return stories.map(({ sessionId, files, leases, results }) => {
    const interruptions = handovers([{ id: '', sessionId, files, leases, results }]).length;
    return [
      sessionId,
      String(files.length),
      String(leases.length - interruptions),
      String(interruptions),
      leases
        .filter(({ done }) => done.length > 0)
        .map(part)
        .join(', '),
    ];
  });
}

/** To the second. */
function seconds(ms: number): string {
  return durationText(Math.round(ms / 1_000) * 1_000);
}

function part({ agent, done }: LeaseStory): string {
  return `${agent} ${done[0]?.position ?? ''} to ${done.at(-1)?.position ?? ''}`;
}
