import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Orchestrator } from '@agent-orchestrator/core';
import type { World } from '../world.ts';
import type { ChildAnswer, ChildMethod, ChildRequest } from './child-main.ts';

/** Run from source, the child has to find the workspace's other packages as source too. */
const SOURCE = import.meta.url.endsWith('.ts');
const MAIN = fileURLToPath(new URL(SOURCE ? 'child-main.ts' : 'child-main.js', import.meta.url));

/** An orchestrator in a process of its own, on the data of a case. */
export class ChildOrchestrator {
  readonly #world: World;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;

  /** Starts the process and waits until it has opened the data. It ends with its case. */
  static async start(world: World): Promise<ChildOrchestrator> {
    const child = new ChildOrchestrator(world);
    world.closeLater(child);
    await child.#answerTo(0);
    return child;
  }

  private constructor(world: World) {
    const { child } = world.target;
    if (child === undefined) throw new Error('the target names no child module');
    this.#world = world;
    this.#process = fork(MAIN, [child.module.href, child.address(world.opened)], {
      execArgv: SOURCE ? ['--conditions=@agent-orchestrator/source'] : [],
      serialization: 'advanced',
    });
    this.#process.on('message', (answer: ChildAnswer) => this.#answered(answer));
    this.#process.on('exit', (code, signal) => this.#ended(`the child ended with ${signal ?? code}`));
  }

  /** Calls the child's orchestrator; command id and seed are given by the parent. */
  async call<Method extends ChildMethod>(
    method: Method,
    argument: Parameters<Orchestrator[Method]>[0],
  ): Promise<Awaited<ReturnType<Orchestrator[Method]>>> {
    this.#calls += 1;
    const request: ChildRequest = {
      id: this.#calls,
      reading: this.#world.clock.read(),
      method,
      argument: { ...this.#identityFor(method), ...argument },
    };
    this.#process.send(request);
    return (await this.#answerTo(request.id)) as Awaited<ReturnType<Orchestrator[Method]>>;
  }

  /** Ends the process as a crash would: without any clean-up. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }

  /** Lets the process close its data and end. */
  async close(): Promise<void> {
    if (!this.#process.connected) return this.kill();
    const exit = once(this.#process, 'exit');
    this.#process.disconnect();
    await exit;
  }

  #identityFor(method: ChildMethod) {
    if (method === 'heartbeat') return {};
    return method === 'claimTask' ? this.#world.newIdentity() : { commandId: this.#world.newCommandId() };
  }

  async #answerTo(id: number): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    return answer.promise;
  }

  #answered({ id, value, error }: ChildAnswer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(`the child threw ${error.code}: ${error.message}`));
  }

  #ended(why: string): void {
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(why));
    this.#waiting.clear();
  }
}
