import { type WriteSet, type Loaded, type Scope } from '@agent-orchestrator/core';
import { busyPause, pauseAfterWork, storeBusy } from './file/busy.ts';
import { isBrokenConnection, isBusy, isRefusedRow, translateError } from './errors.ts';
import type { OpenFile } from './file/open-file.ts';
import type { Writer } from './work/writer.ts';

/** How long one group may keep the lock from other processes, in calls. */
const GROUP_MAX = 256;
/**
 * A process that shares the file with other writers gives way after so long. Each change of hands costs: SQLite drops
 * the pages it had in memory, and while the others sleep no process has the lock.
 */
const GIVE_WAY_AFTER_MS = 40;
/** The length of such a pause: waiting processes wake up within a few of these. */
const GIVE_WAY_MS = 3;
/** A process whose last commit is older than this comes with new work, and did not keep others waiting. */
const WORKED_JUST_NOW_MS = 1;
/** For so long, groups may follow each other without a turn of the event loop: timers and sockets wait meanwhile. */
const WITHOUT_TURN_MS = 4;

interface Call {
  readonly scope: Scope;
  readonly decide: (loaded: Loaded) => WriteSet<unknown>;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly giveUpAt: number;
}

type ReadyScope = Extract<Scope, { by: 'ready' }>;

/** The result of a call; its caller gets it only after the commit. */
type Outcome = { readonly reply: unknown } | { readonly error: unknown };

type Saved = { readonly changed: boolean } | { readonly error: unknown };

/** The result of a group: its answers, and whether other connections have new data to see. */
interface Run {
  readonly outcomes: readonly Outcome[];
  readonly changed: boolean;
}

export interface GroupOptions {
  readonly file: OpenFile;
  readonly busyTimeoutMs: number;
  /** Opens the connection: at first, and again after the disk failed. */
  readonly connect: () => Writer;
  readonly onChange: () => void;
}

/**
 * Group commit: all calls of one turn of the event loop share one transaction, so one sync of the disk serves them all.
 * Callers are answered after it. What they call next at once makes the next group, without another turn. A call that
 * fails harms no other: what fails before anything of it was written has nothing to undo, and otherwise the group runs
 * once more with a savepoint around each call.
 */
export class Group {
  readonly #options: GroupOptions;
  #writer: Writer | null = null;
  #calls: Call[] = [];
  #scheduled = false;
  /** When it last gave way, or began. */
  #workingSince = 0;
  /** When it last let the event loop turn. */
  #turnedAt = 0;
  #committedAt = -Infinity;
  #triesInVain = 0;
  /** Whether it had the lock itself until the tries in vain began. */
  #hadLock = false;
  #sharesFile = false;
  /** The last claim without a session found nothing, so the next one looks before it takes the lock. */
  #idle = false;
  #whenEmpty: (() => void)[] = [];

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  transact<R>(scope: Scope, decide: (loaded: Loaded) => WriteSet<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const giveUpAt = performance.now() + this.#options.busyTimeoutMs;
      this.#calls.push({ scope, decide, resolve: resolve as (reply: unknown) => void, reject, giveUpAt });
      this.#schedule();
    });
  }

  /** Finishes the calls that were begun, and all else that takes long. */
  async finish(): Promise<void> {
    if (this.#calls.length > 0) await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
    this.#shortenLog();
  }

  close(): void {
    this.#writer?.close();
    this.#writer = null;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#owesWay()) {
      this.#sharesFile = false;
      this.#workingSince = performance.now() + GIVE_WAY_MS;
      setTimeout(this.#flush, GIVE_WAY_MS);
    } else setImmediate(this.#flush);
  }

  #owesWay(): boolean {
    return this.#sharesFile && performance.now() - this.#workingSince >= GIVE_WAY_AFTER_MS;
  }

  readonly #flush = (): void => {
    this.#turnedAt = performance.now();
    this.#work();
  };

  #work(): void {
    try {
      const writer = this.#connected();
      if (this.#idle) this.#answerPolls(writer);
      if (this.#calls.length > 0) this.#runGroup(writer);
    } catch (error) {
      if (isBusy(error)) return this.#flushLater(error);
      this.#fail(this.#calls.splice(0), error);
    }
    // A tick that is asked for here would come before the callers have their answers; one from there comes after.
    queueMicrotask(() => process.nextTick(this.#goOn));
  }

  readonly #goOn = (): void => {
    this.#shortenLog();
    const mayGoOn = performance.now() - this.#turnedAt < WITHOUT_TURN_MS && !this.#owesWay();
    if (this.#calls.length > 0 && mayGoOn) this.#work();
    else this.#rest();
  };

  #rest(): void {
    this.#scheduled = false;
    if (this.#calls.length > 0) this.#schedule();
    else for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /**
   * Brings a long log into the file, when the callers have their answers: no caller waits for it. It may be that others
   * have replaced the log since the commit, so the files are looked at first, whenever that was last done.
   */
  #shortenLog(): void {
    const { file } = this.#options;
    try {
      if (this.#writer?.hasLongLog(file.logBytes) === true && file.isInPlace()) this.#writer.shortenLog();
    } catch {
      // All is in the log. What is wrong with the disk fails the next call, and its caller is told.
    }
  }

  /** Another process holds the lock: tries again soon, together with what is called meanwhile. */
  #flushLater(error: unknown): void {
    this.#sharesFile = true;
    const now = performance.now();
    const over = this.#calls.filter(({ giveUpAt }) => giveUpAt <= now);
    this.#calls = this.#calls.filter(({ giveUpAt }) => giveUpAt > now);
    this.#fail(over, storeBusy(this.#options.busyTimeoutMs, error, this.#options.file.path));
    if (this.#triesInVain === 0) this.#hadLock = now - this.#committedAt < WORKED_JUST_NOW_MS;
    busyPause(this.#flush, this.#hadLock ? pauseAfterWork(this.#triesInVain) : undefined);
    this.#triesInVain += 1;
  }

  #connected(): Writer {
    this.#options.file.assertInPlace();
    this.#writer ??= this.#options.connect();
    return this.#writer;
  }

  /** Only the polls before any other call: a later call must see the effect of an earlier one. */
  #answerPolls(writer: Writer): void {
    while (this.#idle) {
      const [first] = this.#calls;
      if (first?.scope.by !== 'ready') return;
      const answer = lookOnly(writer, first.scope, first.decide);
      this.#idle = answer !== null;
      if (answer === null) return;
      this.#calls.shift();
      first.resolve(answer.reply);
    }
  }

  #runGroup(writer: Writer): void {
    const others = writer.begin();
    this.#sharesFile ||= others;
    if (this.#triesInVain > 0) this.#workingSince = performance.now();
    this.#triesInVain = 0;
    const calls = this.#calls.splice(0, GROUP_MAX);
    try {
      const { outcomes, changed } = this.#run(writer, calls);
      writer.commit();
      this.#committedAt = performance.now();
      this.#options.file.assertStillInPlace();
      if (changed) this.#options.onChange();
      for (const [index, outcome] of outcomes.entries()) settle(calls[index], outcome);
    } catch (error) {
      this.#undo(writer, error);
      this.#fail(calls, error);
    }
  }

  /** Without a savepoint for each call, which most groups do not need; with them if a call turns out to fail. */
  #run(writer: Writer, calls: readonly Call[]): Run {
    const together = () => this.#runEach(writer, calls, (writeSet) => ({ changed: writer.save(writeSet) }));
    if (calls.length === 1) return together();
    return writer.tryOrUndo(together, (error) => {
      if (!isRefusedRow(error)) throw error;
      return this.#runEach(writer, calls, (writeSet) => saveAlone(writer, writeSet));
    });
  }

  #runEach(writer: Writer, calls: readonly Call[], save: (writeSet: WriteSet<unknown>) => Saved): Run {
    let changed = false;
    const outcomes = calls.map((call): Outcome => {
      const judged = judge(writer, call);
      if ('error' in judged) return judged;
      if (call.scope.by === 'ready') this.#idle = !judged.found;
      const saved = save(judged.writeSet);
      if ('error' in saved) return saved;
      changed ||= saved.changed;
      return { reply: judged.writeSet.reply };
    });
    return { outcomes, changed };
  }

  #undo(writer: Writer, error: unknown): void {
    try {
      writer.rollback();
      if (!isBrokenConnection(error)) return;
      writer.close();
    } catch {
      // A connection that cannot be rolled back or closed is not used again.
    }
    this.#writer = null;
  }

  #fail(calls: readonly Call[], error: unknown): void {
    const translated = translateError(error);
    for (const { reject } of calls) reject(translated);
  }
}

/**
 * Answers a poll without the lock, or null. An error here happens again under the lock, and is handled there.
 */
function lookOnly(writer: Writer, scope: ReadyScope, decide: Call['decide']): { readonly reply: unknown } | null {
  try {
    return writer.poll(scope, decide);
  } catch {
    return null;
  }
}

function saveAlone(writer: Writer, writeSet: WriteSet<unknown>): Saved {
  return writer.tryOrUndo<Saved>(
    () => ({ changed: writer.save(writeSet) }),
    (error) => {
      if (!isRefusedRow(error)) throw error;
      return { error: translateError(error) };
    },
  );
}

/** Nothing of a call is written before it has decided, so what it throws needs no undoing. */
function judge(
  writer: Writer,
  { scope, decide }: Call,
): { readonly writeSet: WriteSet<unknown>; readonly found: boolean } | { readonly error: unknown } {
  let thrown: { readonly error: unknown } | null = null;
  const guarded = (loaded: Loaded): WriteSet<unknown> => {
    try {
      return decide(loaded);
    } catch (error) {
      thrown = { error };
      throw error;
    }
  };
  try {
    return writer.decide(scope, guarded);
  } catch (error) {
    if (thrown !== null) return thrown;
    throw error;
  }
}

function settle(call: Call | undefined, outcome: Outcome): void {
  if (call === undefined) return;
  if ('error' in outcome) call.reject(outcome.error);
  else call.resolve(outcome.reply);
}
