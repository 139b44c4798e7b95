import type { TaskRecord } from '@agent-orchestrator/core';
import type { HandOff, BlockedTask, Working } from '@agent-orchestrator/runtime';
import type { CommandEffect, Commands } from './commands.ts';
import type { NeedRow } from './now-answer.ts';

/** Makes the rows of what needs a person, each with the commands that help. */
export class NeedRows {
  readonly #commands: Commands;

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  ofQuestion(task: TaskRecord): NeedRow {
    const { askedBy: agent, askedAt: at, question: text } = task;
    return { ...nameOf(task), agent, at, text, commands: this.#for(task, 'answer') };
  }

  /** The text is the role that may review it. */
  ofReview(task: TaskRecord): NeedRow {
    const text = task.review?.role ?? null;
    return { ...nameOf(task), text, commands: this.#for(task, 'approve', 'request_changes') };
  }

  ofHandOff(task: HandOff): NeedRow {
    const { handedOffBy: agent, handedOffAt: at } = task;
    const text = [task.assignee ?? task.role, task.note].filter((one) => one !== null && one !== '').join(': ');
    return { ...nameOf(task), agent, at, text, commands: this.#for(task, 'why') };
  }

  ofDeadLetter(task: TaskRecord): NeedRow {
    const { finishedAt: at, error } = task;
    return { ...nameOf(task), at, text: error?.message ?? null, commands: this.#for(task, 'retry') };
  }

  /** The commands are for the tasks that it waits for. */
  ofBlocked({ task, failed }: BlockedTask): NeedRow {
    return { ...nameOf(task), commands: failed.map((one) => this.#commands.of('retry', one)) };
  }

  ofWorking({ task, sessionId, agent }: Working, at: number | null, effect: CommandEffect): NeedRow {
    const name = task === null ? NOTHING : nameOf({ ...task, sessionId });
    return { ...name, sessionId, agent, at, commands: task === null ? [] : this.#for(task, effect) };
  }

  #for(task: { readonly number: number }, ...effects: readonly CommandEffect[]): NeedRow['commands'] {
    return effects.map((effect) => this.#commands.of(effect, task));
  }
}

const NOTHING: NeedRow = {
  taskId: null,
  number: null,
  title: null,
  sessionId: null,
  agent: null,
  at: null,
  text: null,
  eventId: null,
  commands: [],
};

function nameOf({ id, number, title, sessionId }: Pick<TaskRecord, 'id' | 'number' | 'title' | 'sessionId'>): NeedRow {
  return { ...NOTHING, taskId: id, number, title, sessionId };
}
