import { numberOf, shellWord } from '@agent-orchestrator/runtime';

/** What a command does; the page says it in the language of the reader. */
export type CommandEffect =
  | 'answer'
  | 'approve'
  | 'request_changes'
  | 'retry'
  | 'cancel'
  | 'recover'
  | 'why'
  | 'resume';

/** A command for a person to copy: the pages change nothing themselves. */
export interface CommandLine {
  readonly effect: CommandEffect;
  readonly line: string;
}

/** The words of each command, before and after the name of what it is about. */
const WORDS: Readonly<Record<CommandEffect, readonly [before: string, after: string]>> = {
  answer: ['answer', "'TEXT'"],
  approve: ['approve', ''],
  request_changes: ['request-changes', "--notes 'TEXT'"],
  retry: ['task retry', ''],
  cancel: ['task cancel', ''],
  recover: ['recover', ''],
  why: ['why task', ''],
  resume: ['resume', ''],
};

/** The commands for tasks and sessions, which they name by number. */
export class Commands {
  readonly #options: string;

  /** @param options what names the same store, such as ` --namespace ops` */
  constructor(options: string) {
    this.#options = options;
  }

  of(effect: CommandEffect, { number }: { readonly number: number }): CommandLine {
    const name = shellWord(numberOf(effect === 'resume' ? 'session' : 'task', { number }));
    const [before, after] = WORDS[effect];
    // It recovers every session whose holder is silent.
    const words = ['orchestrator', before, effect === 'recover' ? '' : name, after].filter((word) => word !== '');
    return { effect, line: words.join(' ') + this.#options };
  }
}
