import { OrchestratorError } from '@agent-orchestrator/runtime';
import { document } from '@agent-orchestrator/runtime/wire-json';
import { inTime, LOST_MS } from '../fold/in-time.ts';
import { SharedQuestions } from '../fold/shared-questions.ts';
import type { Verifier } from '../verify/verifier.ts';
import { withoutTexts } from './without-texts.ts';
import { readAgents } from './agents.ts';
import { readEvent, readEvents } from './events.ts';
import { readLeases } from './leases.ts';
import { readNow } from './now.ts';
import { momentOf, QueryError, type Moment, type PageReads, type Query } from './page-reads.ts';
import { readSession } from './session.ts';
import { readTask } from './task.ts';
import { readTasks } from './tasks.ts';
import { readTrust } from './trust.ts';

/** What every answer says about itself. */
export interface Meta {
  readonly asOf: number;
  readonly moment: Moment;
  /** How many events there are: the end of a slider. */
  readonly events: number;
  /** Every event up to this one was checked. */
  readonly checkedId: number;
  readonly mistakes: number;
  readonly namespace: string;
  readonly otherNamespaces: readonly string[];
  readonly phase: string;
}

/** A question without an answer. The page still learns which moment it shows: now, if the question names none. */
export class AnswerError extends Error {
  readonly problem: QueryError;
  readonly meta: Meta;

  constructor(problem: QueryError, meta: Meta) {
    super(problem.message);
    this.problem = problem;
    this.meta = meta;
  }
}

const NAMESPACES_MS = 10_000;

/** The answers to the pages, as JSON. */
export class Answers {
  readonly #reads: PageReads;
  readonly #routes: Readonly<Record<string, (query: Query) => Promise<unknown>>>;
  readonly #clock: () => number;
  readonly #questions = new SharedQuestions<string | null>();
  #namespaces: { readonly at: number; readonly names: readonly string[] } | null = null;
  /** What the answers are about. The address of the store has no password. */
  readonly shown: {
    readonly store: string;
    readonly namespace: string;
    readonly payloads: 'shown' | 'left_out';
  };

  constructor(reads: PageReads, verifier: Verifier, { store, clock }: { store: string; clock: () => number }) {
    this.#reads = reads;
    this.#clock = clock;
    const payloads = reads.withPayloads ? 'shown' : 'left_out';
    this.shown = { store, namespace: reads.orchestrator.defaultNamespace, payloads };
    this.#routes = {
      now: (query) => readNow(reads, query),
      tasks: (query) => readTasks(reads, query),
      task: (query) => readTask(reads, query),
      session: (query) => readSession(reads, query),
      leases: async (query) => readLeases(reads, query),
      agents: (query) => readAgents(reads, query),
      events: (query) => readEvents(reads, query),
      event: (query) => readEvent(reads, query),
      trust: (query) => readTrust(reads, query, verifier.look()),
    };
  }

  /** Pages that ask the same at once share an answer. @returns null: there is no such page */
  async to(name: string, params: URLSearchParams): Promise<string | null> {
    const { follower } = this.#reads;
    const version = () => `${follower.state.asOf} ${follower.state.phase}`;
    return this.#questions.ask(
      `${name}?${params.toString()}`,
      () => inTime(this.#answer(name, params), LOST_MS),
      version,
    );
  }

  async #answer(name: string, params: URLSearchParams): Promise<string | null> {
    const read = Object.hasOwn(this.#routes, name) ? this.#routes[name] : undefined;
    if (read === undefined) return null;
    const { orchestrator, follower } = this.#reads;
    const now = await orchestrator.now();
    let moment = momentOf(follower, null, now);
    try {
      moment = momentOf(follower, params.get('at'), now);
      const data = await read({ params, moment });
      const shown = this.#reads.withPayloads ? data : withoutTexts(data);
      return document(name, { data: shown, meta: await this.#meta(moment) });
    } catch (error) {
      const refused = refusalOf(error);
      if (refused !== null) throw new AnswerError(refused, await this.#meta(moment));
      throw error;
    }
  }

  async #meta(moment: Moment): Promise<Meta> {
    const { orchestrator, follower } = this.#reads;
    const { state, history, check } = follower;
    const namespace = orchestrator.defaultNamespace;
    return {
      asOf: state.asOf,
      moment,
      events: history.present,
      checkedId: check.checkedId,
      mistakes: check.mistakeCount,
      namespace,
      otherNamespaces: (await this.#allNamespaces()).filter((one) => one !== namespace),
      phase: state.phase,
    };
  }

  async #allNamespaces(): Promise<readonly string[]> {
    const at = this.#clock();
    if (this.#namespaces === null || at - this.#namespaces.at > NAMESPACES_MS)
      this.#namespaces = { at, names: await this.#reads.orchestrator.namespaces() };
    return this.#namespaces.names;
  }
}

/** What the address asks for cannot be answered; null: something else is wrong. */
function refusalOf(error: unknown): QueryError | null {
  if (error instanceof QueryError) return error;
  const isOfStore = error instanceof OrchestratorError && error.code === 'INVALID_INPUT';
  return isOfStore ? new QueryError(error.message, 400, 'INVALID_INPUT') : null;
}
