import type { ToolContext } from './context.ts';
import { printable } from '@agent-orchestrator/runtime/printable';
import { withoutPasswords } from '@agent-orchestrator/runtime/without-passwords';
import { failureAnswer } from './text/failures.ts';
import type { Tool } from './tools/tool.ts';

/** The result of a call, in the form of the protocol. Text alone: hosts differ in what else they show to a model. */
export interface CallResult {
  readonly [field: string]: unknown;
  readonly content: [{ readonly type: 'text'; readonly text: string }];
  readonly isError?: true;
}

/** Runs the calls of tools, and knows which are under way. */
export class Calls {
  readonly #contextFor: (conversation: string | null) => ToolContext;
  readonly #log: (line: string) => void;
  readonly #underWay = new Set<Promise<CallResult>>();

  /**
   * @param contextFor tells who calls; it is asked at each call
   * @param log gets what no answer tells, for people
   */
  constructor(contextFor: (conversation: string | null) => ToolContext, log: (line: string) => void) {
    this.#contextFor = contextFor;
    this.#log = log;
  }

  /** @param conversation the host's name for the conversation that calls, if it sends one */
  async run(tool: Tool, input: unknown, ended: AbortSignal, conversation: string | null = null): Promise<CallResult> {
    const call = this.#answer(tool, input, ended, conversation);
    this.#underWay.add(call);
    try {
      return await call;
    } finally {
      this.#underWay.delete(call);
    }
  }

  /** Resolves when no call is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #answer(tool: Tool, input: unknown, ended: AbortSignal, conversation: string | null): Promise<CallResult> {
    let tellNotices = nothingHeard;
    const run = async () => {
      const context = this.#contextFor(conversation);
      const heard = context.held.listen();
      tellNotices = () => context.held.tell(heard);
      return tool.run(input, context, { ended });
    };
    const { lines, isRefusal } = await run().catch((error: unknown) => {
      this.#log(`${tool.name}: ${withoutPasswords(error instanceof Error ? error.message : String(error))}`);
      return failureAnswer(error);
    });
    // What no host reads is not told: the next answer says it.
    const notices = ended.aborted ? [] : tellNotices();
    const all = [...notices, ...lines];
    // All stored text is quoted already. This makes sure that no line can have an invisible or a moving character.
    const text = all.map(printable).join('\n');
    return { content: [{ type: 'text', text }], ...(isRefusal && { isError: true }) };
  }
}

/** Before it is known who calls. */
function nothingHeard(): readonly string[] {
  return [];
}
