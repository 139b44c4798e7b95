/**
 * Sends commands to a storage, until each is decided.
 */
import { clockJump, reschedule, settle } from '../commands/index.ts';
import type { Command, CommandInput, Known, Needs } from '../commands/command.ts';
import { execute, requestHash } from '../commands/execute.ts';
import { internalError } from '../model/errors.ts';
import type { SessionKey } from '../storage/scope.ts';
import type { Storage } from '../storage/storage.ts';
import { KnownRoles } from './known-roles.ts';
import type { Observer } from './telemetry.ts';

/**
 * Executes a command as often as it takes. Whatever has to come before it is done first: a clock jump, what is due, the
 * rows that only what was loaded shows to be needed, the roles that the registry gives the claimant.
 */
export class CommandRunner {
  readonly #storage: Pick<Storage, 'transact'>;
  readonly #observer: Observer | null;
  readonly #roles = new KnownRoles();

  constructor(storage: Pick<Storage, 'transact'>, observer: Observer | null) {
    this.#storage = storage;
    this.#observer = observer;
  }

  /** @param asked the input as the caller gave it: by this, the same command is known when it comes again */
  run<Input extends CommandInput, Reply extends { readonly ok: boolean }>(
    command: Command<Input, Reply>,
    input: Input,
    asked = input,
  ): Promise<Reply> {
    const observer = this.#observer;
    if (observer === null) return this.#decide(command, input, asked);
    return observer.observe(command, input, (decided) => this.#decide(command, input, asked, decided));
  }

  /** @param decided is called each time the storage lets it decide */
  async #decide<Input extends CommandInput, Reply>(
    command: Command<Input, Reply>,
    input: Input,
    asked = input,
    decided?: () => void,
  ): Promise<Reply> {
    const hash = command.receipt === null ? '' : requestHash(command, asked);
    const agent = command.claimant?.(input)?.agent;
    let needs: Needs | undefined;
    for (let isSettled = false; ;) {
      const registered = this.#roles.of(input.namespace, agent);
      const known: Known = { registered, isSettled, ...(needs && { needs }) };
      const outcome = await this.#storage.transact(command.scope(input, known), (loaded) => {
        decided?.();
        return execute(command, input, hash, loaded, known);
      });
      if (outcome.kind === 'refused') throw outcome.error;
      if (outcome.kind === 'reply') {
        if (outcome.leavesDue === true && command.name !== 'settle') await this.#settleAfter(input.namespace);
        return outcome.reply;
      }
      if (outcome.kind === 'again') this.#roles.remember(input.namespace, agent ?? '', outcome.registered);
      else if (outcome.kind === 'needs') needs = more(needs, outcome.needs);
      else if (outcome.kind === 'clock_jump') await this.#processClockJump(input.namespace, outcome.after);
      else {
        await this.#settle(input.namespace);
        isSettled = true;
      }
    }
  }

  /**
   * Tells tasks that others have ended on which they depend, before the caller has its answer: it can claim them then.
   * The answer does not depend on it. What fails here stays due, and the next claim or recovery does it.
   */
  async #settleAfter(namespace: string): Promise<void> {
    await this.#settle(namespace).catch(() => {});
  }

  /** Does what is due, page by page. What other units of work have locked is left to them: they are at it. */
  async #settle(namespace: string): Promise<void> {
    while ((await this.#decide(settle, { namespace })).more);
  }

  /**
   * Gives every holder a new TTL, page by page, before another process may end any lease. Before that, whenever it
   * begins with the first page, tasks that the jump would delay too long get the time that was asked for.
   */
  async #processClockJump(namespace: string, from: SessionKey | null): Promise<void> {
    let after: SessionKey | null | undefined = from;
    while (after !== undefined) {
      if (after === null) while (!(await this.#decide(reschedule, { namespace })).done);
      after = (await this.#decide(clockJump, { namespace, after })).next;
    }
  }
}

/** What a command needs besides, with what it was given already. */
export function more(given: Needs | undefined, needs: Needs): Needs {
  const had = new Set(given?.extraTaskIds);
  const related = new Set(given?.related);
  const isNew =
    (needs.newRows ?? 0) > (given?.newRows ?? 0) ||
    needs.extraTaskIds?.some((id) => !had.has(id)) ||
    needs.related?.some((id) => !related.has(id));
  if (!isNew) throw internalError('The storage does not load what a command needs.');
  const agents = [...new Set([...(given?.agents ?? []), ...(needs.agents ?? [])])];
  return {
    ...(agents.length > 0 && { agents }),
    extraTaskIds: [...had, ...(needs.extraTaskIds ?? [])],
    newRows: Math.max(needs.newRows ?? 0, given?.newRows ?? 0),
    related: [...related, ...(needs.related ?? [])],
  };
}
