import { Orchestrator, type Event } from '@agent-orchestrator/core';
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import {
  JournaledCalls,
  TestClock,
  type JournaledCallName,
  type Journal,
  type JournalLine,
  type SentCalls,
} from '../src/index.ts';
import { commandIdAt, seedNumber } from '../src/factories.ts';

/** What a run left behind. */
export interface Run {
  readonly events: readonly Event[];
  readonly journals: readonly Journal[];
}

/** Runs the real rules on a storage in memory, with a clock that the test owns, and keeps the workers' journals. */
export class Recorder {
  readonly clock = new TestClock();
  readonly #data = createMemoryData();
  readonly #storage = openMemoryStorage({ clock: this.clock, data: this.#data });
  readonly #orchestrator = new Orchestrator({
    storage: this.#storage,
    newCommandId: () => this.commandId(),
    newSeed: () => this.seed(),
  });
  readonly #journals: JournalLine[][] = [];
  #commands = 0;
  #seeds = 0;

  commandId(): string {
    this.#commands += 1;
    return commandIdAt(this.clock.now, this.#commands);
  }

  seed(): string {
    this.#seeds += 1;
    return seedNumber(this.#seeds);
  }

  /** What lets a call be sent again as it was. */
  identityFor(command: JournaledCallName): { readonly commandId?: string; readonly seed?: string } {
    if (command === 'heartbeat') return {};
    const commandId = this.commandId();
    return command === 'claim' || command === 'release' ? { commandId, seed: this.seed() } : { commandId };
  }

  worker(agent: string, instance = `${agent}.1`): RecordedWorker {
    const journal: JournalLine[] = [{ is: 'started', agent, instance, at: this.clock.now }];
    this.#journals.push(journal);
    return new RecordedWorker(this.#orchestrator, journal, this);
  }

  /** A follower's journal, as it would be had it read the whole log in pages of three. */
  follower(agent: string): Journal {
    const lines: JournalLine[] = [{ is: 'started', agent, instance: `${agent}.1`, at: this.clock.now }];
    const events = this.#data.events.filter(({ namespace }) => namespace === 'default');
    for (let from = 0; from < events.length; from += 3)
      lines.push({
        is: 'followed',
        namespace: 'default',
        after: events[from - 1]?.id ?? 0,
        events: events.slice(from, from + 3).map(({ id, streamId, seq, hash }) => ({ id, streamId, seq, hash })),
        at: this.clock.now + from,
      });
    return lines;
  }

  run(): Run {
    return { events: [...this.#data.events], journals: this.#journals };
  }

  async verify() {
    return this.#orchestrator.verify();
  }
}

/** The calls of one run of an agent; a call that names no command id or seed gets one. */
export class RecordedWorker {
  readonly #journal: JournalLine[];
  readonly #calls: JournaledCalls;
  readonly #recorder: Recorder;

  constructor(orchestrator: Orchestrator, journal: JournalLine[], recorder: Recorder) {
    const { clock } = recorder;
    this.#journal = journal;
    this.#recorder = recorder;
    this.#calls = new JournaledCalls({ orchestrator, write: (line) => journal.push(line), now: () => clock.now });
  }

  async call<C extends JournaledCallName>(command: C, request: Unidentified<C>): Promise<SentCalls[C]['reply']> {
    const identified = { ...this.#recorder.identityFor(command), ...request } as SentCalls[C]['request'];
    const reply = await this.#calls.call(command, identified);
    this.#recorder.clock.advance(1);
    return reply;
  }

  /** Releases one lease. */
  async release(
    item: SentCalls['release']['request']['items'][number],
    batch: Omit<Unidentified<'release'>, 'items'> = {},
  ): Promise<SentCalls['release']['reply']> {
    return this.call('release', { ...batch, items: [item] });
  }

  /** A call that took effect, and whose answer the worker did not live to write down. */
  async unanswered<C extends JournaledCallName>(command: C, request: Unidentified<C>): Promise<SentCalls[C]['reply']> {
    const reply = await this.call(command, request);
    this.#journal.pop();
    return reply;
  }
}

/** A call without what lets it be sent again, or with it. */
export type Unidentified<C extends JournaledCallName> = Omit<SentCalls[C]['request'], 'commandId' | 'seed'> & {
  readonly commandId?: string;
  readonly seed?: string;
};

export type RecordedClaim = ReturnType<typeof first>;

/** What was claimed. */
export function first(reply: SentCalls['claim']['reply']) {
  if (!reply.ok) throw new Error(`nothing was claimed: ${reply.reason}`);
  const [claim] = reply.claims;
  if (claim === undefined) throw new Error('nothing was claimed');
  return claim;
}
