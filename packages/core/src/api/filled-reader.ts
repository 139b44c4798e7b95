import type { Reader } from '../storage/storage.ts';
import { assertComplete } from '../storage/store-state.ts';

/**
 * Reads of a store that can be filled meanwhile. A storage refuses to open a store that has only a part of its rows.
 * But a store that was opened while it was empty can be the destination of a move, a restore or an import later, and
 * then a read would see half of it.
 *
 * So the state is read after each answer, until an answer had something in it and the store was open: a store that has
 * rows is never filled again.
 */
export class FilledReader implements Reader {
  readonly #reader: Reader;
  #hasRows = false;

  private constructor(reader: Reader) {
    this.#reader = reader;
  }

  static of(reader: Reader): FilledReader {
    return reader instanceof FilledReader ? reader : new FilledReader(reader);
  }

  session(...asked: Parameters<Reader['session']>) {
    return this.#whole(this.#reader.session(...asked), (found) => found !== null);
  }

  task(...asked: Parameters<Reader['task']>) {
    const [, , signal] = asked;
    return this.#whole(this.#reader.task(...asked), (found) => found !== null, signal);
  }

  agent(...asked: Parameters<Reader['agent']>) {
    return this.#whole(this.#reader.agent(...asked), (found) => found !== null);
  }

  agents(...asked: Parameters<Reader['agents']>) {
    return this.#whole(this.#reader.agents(...asked), ({ items }) => items.length > 0);
  }

  sessions(...asked: Parameters<Reader['sessions']>) {
    return this.#whole(this.#reader.sessions(...asked), ({ items }) => items.length > 0);
  }

  tasks(...asked: Parameters<Reader['tasks']>) {
    return this.#whole(this.#reader.tasks(...asked), ({ items }) => items.length > 0);
  }

  questions(...asked: Parameters<Reader['questions']>) {
    return this.#whole(this.#reader.questions(...asked), ({ items }) => items.length > 0);
  }

  events(...asked: Parameters<Reader['events']>) {
    return this.#whole(this.#reader.events(...asked), ({ items }) => items.length > 0);
  }

  dependencies(...asked: Parameters<Reader['dependencies']>) {
    return this.#whole(this.#reader.dependencies(...asked), ({ items }) => items.length > 0);
  }

  dependencyEnds(...asked: Parameters<Reader['dependencyEnds']>) {
    return this.#whole(this.#reader.dependencyEnds(...asked), ({ items }) => items.length > 0);
  }

  leases(...asked: Parameters<Reader['leases']>) {
    return this.#whole(this.#reader.leases(...asked), ({ items }) => items.length > 0);
  }

  histories(...asked: Parameters<Reader['histories']>) {
    return this.#whole(this.#reader.histories(...asked), ({ length }) => length > 0);
  }

  counts(...asked: Parameters<Reader['counts']>) {
    return this.#whole(this.#reader.counts(...asked), ({ events }) => events > 0);
  }

  countsOfSession(...asked: Parameters<Reader['countsOfSession']>) {
    return this.#whole(this.#reader.countsOfSession(...asked), (counts) =>
      Object.values(counts).some((count) => count > 0),
    );
  }

  oldestHeads(...asked: Parameters<Reader['oldestHeads']>) {
    return this.#whole(this.#reader.oldestHeads(...asked), ({ lookedAt }) => lookedAt > 0);
  }

  nextScheduled(...asked: Parameters<Reader['nextScheduled']>) {
    return this.#whole(this.#reader.nextScheduled(...asked), (found) => found !== null);
  }

  claimPreview(...asked: Parameters<Reader['claimPreview']>) {
    return this.#whole(this.#reader.claimPreview(...asked), ({ sessions, held }) => sessions.length + held.length > 0);
  }

  idOfNumber(...asked: Parameters<Reader['idOfNumber']>) {
    return this.#whole(this.#reader.idOfNumber(...asked), (found) => found !== null);
  }

  namespaces() {
    return this.#whole(this.#reader.namespaces(), ({ length }) => length > 0);
  }

  /** A number alone tells nothing of the rows. */
  settledEventId() {
    return this.#reader.settledEventId();
  }

  now() {
    return this.#reader.now();
  }

  storeState(signal?: AbortSignal) {
    return this.#reader.storeState(signal);
  }

  snapshot<R>(use: (reader: Reader) => Promise<R>): Promise<R> {
    return this.#reader.snapshot(async (reader) => {
      const within = new FilledReader(reader);
      within.#hasRows = this.#hasRows;
      try {
        return await use(within);
      } finally {
        // What had rows once is never filled again.
        this.#hasRows ||= within.#hasRows;
      }
    });
  }

  /** @throws `STORE_INCOMPLETE` */
  async #whole<Answer>(
    reading: Promise<Answer>,
    hasRows: (answer: Answer) => boolean,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const answer = await reading;
    if (this.#hasRows) return answer;
    assertComplete(await this.#reader.storeState(signal));
    this.#hasRows = hasRows(answer);
    return answer;
  }
}
