import type { Command, CommandInput } from '../commands/command.ts';
import type { ClaimRefusal } from '../commands/claim.ts';
import type { EnqueueReply } from '../commands/enqueue.ts';
import type { ReleaseReply } from '../commands/release-reply.ts';
import type { CommandName } from '../log/lifecycle.ts';
import { OrchestratorError } from '../model/errors.ts';

type Busy = Extract<ClaimRefusal, { reason: 'busy' }>;

/** How a command ended: answered, refused for a reason, or failed. */
export interface CommandEnd {
  readonly ok: boolean;
  readonly reason?: string;
  readonly error?: unknown;
  /** Of a claim that was refused as `busy`: the session, and its holder. */
  readonly busyWith?: Pick<Busy, 'sessionId' | 'heldBy'>;
  /**
   * One word of a closed set, for labels of metrics: `ok`, the reason of a refusal (`busy`, `no_task`, `lease_lost` …),
   * `duplicate` if no task was new, `refused` if its parts were for several reasons, or the code of the error.
   */
  readonly outcome: string;
  /** How many of its parts ended alike: each task of an enqueue, each lease of a release, otherwise itself. */
  readonly parts: Readonly<Record<string, number>>;
  /** How many commands of this orchestrator were decided in the same group, itself included; 0: it was not decided. */
  readonly groupSize: number;
  /** How often the storage let it decide: more than once after a lost race, or a clock jump. */
  readonly decisions: number;
}

/** One command that is under way. */
export interface ObservedCommand {
  /** The storage lets it decide for the first time: it waits no longer for its group, or for locks of others. */
  decided?(): void;
  /** It was answered, or it failed. */
  ended(end: CommandEnd): void;
}

/** Is told of every command. Must not throw. */
export interface Telemetry {
  started(command: CommandName, namespace: string): ObservedCommand;
  /** The orchestrator was closed: no command follows. */
  closed?(): void;
}

/** How a command ended that was answered. The command declares how its reply tells a reason. */
export function answered<Input extends CommandInput, Reply extends { readonly ok: boolean }>(
  { name, refusalReason }: Pick<Command<Input, Reply>, 'name' | 'refusalReason'>,
  reply: Reply,
): Omit<CommandEnd, 'error' | 'groupSize' | 'decisions'> {
  const reason = refusalReason?.(reply) ?? null;
  const whole = reason ?? (reply.ok ? 'ok' : 'refused');
  const parts = countOf(partsOf(name, reply) ?? [whole]);
  const [first, ...others] = Object.keys(parts);
  const outcome = first === undefined || others.length > 0 ? whole : first;
  const busyWith = name === 'claim' && reason === 'busy' ? holderIn(reply as object as Busy) : null;
  return { ok: reply.ok, ...(reason !== null && { reason }), ...(busyWith && { busyWith }), outcome, parts };
}

/** How a command ended that failed. */
function failed(error: unknown): Pick<CommandEnd, 'ok' | 'error' | 'outcome' | 'parts'> {
  const outcome = error instanceof OrchestratorError ? error.code : 'INTERNAL';
  return { ok: false, error, outcome, parts: { [outcome]: 1 } };
}

function holderIn({ sessionId, heldBy }: Busy): Pick<Busy, 'sessionId' | 'heldBy'> {
  return { sessionId, heldBy };
}

/** The outcomes of the parts, for commands that are made of parts. */
function partsOf(name: string, reply: object): readonly string[] | null {
  if (name === 'enqueue') return (reply as EnqueueReply).tasks.map(({ duplicate }) => (duplicate ? 'duplicate' : 'ok'));
  // Items that were refused in an earlier run of the command are decided again by another one.
  if (name === 'release')
    return (reply as ReleaseReply).items.flatMap((item) => (item === null ? [] : item.ok ? 'ok' : item.reason));
  return null;
}

function countOf(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** Tells the telemetry of each command of one orchestrator. */
export class Observer {
  readonly #telemetry: Telemetry;
  #group: Set<ObservedCommand> | null = null;

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  /** @param send sends the command, and calls `decided` each time the storage lets it decide */
  async observe<Input extends CommandInput, Reply extends { readonly ok: boolean }>(
    command: Command<Input, Reply>,
    { namespace }: Input,
    send: (decided: () => void) => Promise<Reply>,
  ): Promise<Reply> {
    const observed = this.#telemetry.started(command.name as CommandName, namespace);
    let decisions = 0;
    let group: ReadonlySet<ObservedCommand> = new Set();
    const decided = () => {
      group = this.#join(observed);
      decisions += 1;
      if (decisions === 1) observed.decided?.();
    };
    try {
      const reply = await send(decided);
      observed.ended({ ...answered(command, reply), groupSize: group.size, decisions });
      return reply;
    } catch (error) {
      observed.ended({ ...failed(error), groupSize: group.size, decisions });
      throw error;
    }
  }

  closed(): void {
    this.#telemetry.closed?.();
  }

  /** A storage lets the commands of a group decide one after the other, without a turn for promises in between. */
  #join(command: ObservedCommand): ReadonlySet<ObservedCommand> {
    if (this.#group === null) {
      this.#group = new Set();
      queueMicrotask(() => (this.#group = null));
    }
    return this.#group.add(command);
  }
}
