import { Orchestrator, OrchestratorError } from '../../src/index.ts';

type Command = 'claimTasks' | 'heartbeat' | 'checkpoint' | 'releaseTask' | 'staleRecovery';

/** Remembers what a worker sent; may cut the way to the store, or lose answers on the way back. */
export class TappedOrchestrator extends Orchestrator {
  readonly calls: { readonly command: Command; readonly call: Readonly<Record<string, unknown>> }[] = [];
  cut = false;
  /** Of each command id, so many answers; of commands without one, altogether. */
  loseAnswers = 0;
  lost = 0;
  /** Called between the effect of a command and its answer. */
  onAnswer: (command: Command) => void = () => {};
  readonly #lostOf = new Map<unknown, number>();

  override claimTasks(call: Parameters<Orchestrator['claimTasks']>[0]) {
    return this.#tapped('claimTasks', call, () => super.claimTasks(call));
  }

  override heartbeat(call: Parameters<Orchestrator['heartbeat']>[0]) {
    return this.#tapped('heartbeat', call, () => super.heartbeat(call));
  }

  override checkpoint(call: Parameters<Orchestrator['checkpoint']>[0]) {
    return this.#tapped('checkpoint', call, () => super.checkpoint(call));
  }

  override releaseTask(call: Parameters<Orchestrator['releaseTask']>[0]) {
    return this.#tapped('releaseTask', call, () => super.releaseTask(call));
  }

  override staleRecovery(call: Parameters<Orchestrator['staleRecovery']>[0] = {}) {
    return this.#tapped('staleRecovery', call, () => super.staleRecovery(call));
  }

  async #tapped<Reply>(command: Command, call: object, send: () => Promise<Reply>): Promise<Reply> {
    const said = { ...call } as Record<string, unknown>;
    this.calls.push({ command, call: said });
    if (this.cut) throw new OrchestratorError('STORE_UNREACHABLE');
    const reply = await send();
    this.onAnswer(command);
    const key = said['commandId'] ?? command;
    const lost = this.#lostOf.get(key) ?? 0;
    if (lost >= this.loseAnswers) return reply;
    this.#lostOf.set(key, lost + 1);
    this.lost += 1;
    throw new OrchestratorError('OUTCOME_UNKNOWN');
  }
}
