import type { Event, Mistake, Session, Task } from '@agent-orchestrator/core';
import { Replay } from '@agent-orchestrator/runtime';

/** What the rules do not look at, only at whether it is there. It may be a quarter of a megabyte. */
const LONG_TEXTS = ['payload', 'result', 'error', 'title', 'note', 'question', 'answer'] as const;
/** As a text and as JSON. */
const CUT = '""';

/** The replay of a session, without what users and agents wrote: its memory depends on the number of tasks alone. */
export class SlimReplay {
  readonly #replay = new Replay();

  get taskCount(): number {
    return this.#replay.tasks.size;
  }

  get isClosed(): boolean {
    return this.#replay.session?.status === 'closed';
  }

  /** What it keeps. */
  get rows(): readonly [Session | null, ...Task[]] {
    return [this.#replay.session, ...this.#replay.tasks.values()];
  }

  /** @returns what is wrong with the event; it then has no effect */
  add(event: Event): Mistake | null {
    const mistake = this.#replay.add(event);
    const { session, tasks } = this.#replay;
    const task = event.taskId === null ? undefined : tasks.get(event.taskId);
    if (task !== undefined) cutTexts(task);
    if (session !== null && session.context !== null) this.#replay.session = { ...session, context: CUT };
    return mistake;
  }
}

/** The task is of this replay alone. */
function cutTexts(task: Task): void {
  for (const name of LONG_TEXTS) if (task[name] !== null) Object.assign(task, { [name]: CUT });
}
