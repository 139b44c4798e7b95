import type { EventRecord, EventType, Orchestrator, StoreState } from '@agent-orchestrator/core';
import type { Call } from '../call.ts';
import { interruptedBy, interruptionOfPrinter } from '../interruption.ts';
import { Failure, usage } from '../failure.ts';
import { StoreNotice } from '../store-notice.ts';
import { EventFeed, type Names } from '@agent-orchestrator/runtime';
import { keepTrying } from '../keep-trying.ts';
import { collect, parseCount, parseInteger } from '../input/parse.ts';
import type { Answer } from '../output/output.ts';
import { outputEnded } from '../output/readers.ts';
import { document } from '@agent-orchestrator/runtime/wire-json';
import type { Define } from '../command-module.ts';
import { eventLine, mentionedIn } from '../views/event.ts';

interface EventsOptions {
  readonly follow?: true;
  readonly after?: number;
  /** true: from the end. */
  readonly before?: number | true;
  readonly limit?: number;
  readonly session?: string;
  readonly task?: string;
  readonly ofAgent?: string;
  readonly type?: EventType[];
  readonly jsonl?: true;
}

const DEFAULT_LIMIT = 50;

const define: Define = (program, run) => {
  program
    .command('events')
    .description('print the event log in order; event numbers are cursors')
    .option('--after <n>', 'begin after this event; 0 is the start (default: the last ones)', parseInteger)
    .option('--before [n]', 'newest first: those before this event (default: the last ones)', parseInteger)
    .option('--limit <n>', 'maximum number (default: 50; with --jsonl and --after: all)', parseCount)
    .option('--follow', 'continue with new events until interrupted, each exactly once')
    .option('--session <id>', 'only events of this session')
    .option('--task <id>', 'only events of this task')
    .option('--of-agent <name>', 'only events that name this agent')
    .option('--type <type>', 'only events of this type (repeatable)', collect)
    .option('--jsonl', 'one JSON document per line')
    .action(
      run<EventsOptions>((call) => {
        assertOneDirection(call.options);
        return call.options.follow || call.options.jsonl ? stream(call) : list(call);
      }),
    );
};

export default define;

function assertOneDirection({ follow, after, before }: EventsOptions): void {
  const other = after === undefined ? follow && '--follow' : '--after';
  if (before !== undefined && other)
    throw usage(`--before and ${other} cannot be given together.`, 'Omit one of them.', 'before');
}

/** The events that the options ask for, of those that are settled now. */
function asked(
  { before }: EventsOptions,
  feed: EventFeed,
  limit: number,
  interrupted?: AbortSignal,
): AsyncGenerator<EventRecord> {
  return before === undefined ? feed.present(interrupted) : feed.backwards(before, limit);
}

/** A list that goes backwards begins at no past event. */
function opened(orchestrator: Orchestrator, options: EventsOptions, limit: number): Promise<EventFeed> {
  return EventFeed.open(orchestrator, options, options.before === undefined ? limit : 0);
}

async function list(call: Call<EventsOptions>): Promise<Answer> {
  const limit = call.options.limit ?? DEFAULT_LIMIT;
  await using orchestrator = await call.open('read-only');
  const feed = await opened(orchestrator, call.options, limit);
  const events: EventRecord[] = [];
  let more = false;
  const isBack = call.options.before !== undefined;
  for await (const event of asked(call.options, feed, limit)) {
    if (events.length === limit) {
      more = true;
      break;
    }
    events.push(event);
  }
  const names = await call.names(orchestrator, mentionedIn(events));
  const last = events.at(-1)?.id ?? feed.start;
  return {
    kind: 'events',
    data: events,
    asOf: feed.asOf,
    meta: { next: more ? last : null },
    ids: events.map(({ id }) => String(id)),
    text: (paint) => (events.length === 0 ? ['no events'] : events.map((event) => eventLine(event, names, paint))),
    chatter: [
      ...(feed.start > 0 && call.options.after === undefined && !isBack
        ? ['these are the last ones; all: --after 0']
        : []),
      ...(more ? [`there are more: ${isBack ? '--before' : '--after'} ${last}`] : []),
    ],
  };
}

/** Prints lines as the events come: to the end of the log, or endlessly with `--follow`. */
async function stream(call: Call<EventsOptions>): Promise<null> {
  const { follow, after, before } = call.options;
  if (follow) call.refuseJsonWith('--follow');
  if (follow && call.options.limit !== undefined)
    throw usage('--limit and --follow cannot be given together.', 'Omit one of them.', 'limit');
  const limit = call.options.limit ?? (after === undefined || follow ? DEFAULT_LIMIT : Infinity);
  await using orchestrator = await call.open('read-only');
  const feed = await opened(orchestrator, call.options, limit);
  const interrupted = interruptionOfPrinter();
  if (follow) await followTo(call, orchestrator, feed, interrupted);
  else {
    await printAll(call, orchestrator, asked(call.options, feed, limit, interrupted), { limit, interrupted });
    // An incomplete log must not look like a complete one.
    if (interrupted.aborted && !outputEnded.aborted)
      throw cutShort(interrupted, before === undefined ? 'after' : 'before');
  }
  return null;
}

/** Follows until it is interrupted, or to the end of the log of a store that has moved. */
async function followTo(call: Call, orchestrator: Orchestrator, feed: EventFeed, interrupted: AbortSignal) {
  const { assertOpenForWork } = await import('@agent-orchestrator/runtime');
  const notice = new StoreNotice(call.output);
  let state: StoreState | null = null;
  const look = async () => {
    state = await notice.look(orchestrator);
    return state?.status === 'moved';
  };
  await keepTrying(call.output, interrupted, async () => {
    await printAll(call, orchestrator, feed.followed(interrupted, look), { limit: Infinity, interrupted });
    if (!interrupted.aborted) assertOpenForWork(state);
  });
}

function cutShort(interrupted: AbortSignal, direction: 'after' | 'before'): Failure {
  return new Failure('INTERRUPTED', 'Interrupted: not all events were written.', {
    exit: interruptedBy(interrupted),
    hint: `Continue ${direction} the last one with --${direction}.`,
    retryable: true,
  });
}

async function printAll(
  call: Call,
  orchestrator: Orchestrator,
  events: AsyncIterable<EventRecord>,
  { limit, interrupted }: { readonly limit: number; readonly interrupted: AbortSignal },
): Promise<void> {
  const names = await call.names(orchestrator, {});
  let left = limit;
  for await (const event of events) {
    if (interrupted.aborted || left === 0) return;
    if (call.output.format === 'text') await names.learn(orchestrator, mentionedIn([event]));
    print(call, event, names);
    await call.output.room(interrupted);
    left -= 1;
  }
}

function print({ output }: Call, event: EventRecord, names: Names): void {
  if (output.format === 'text') output.line(eventLine(event, names, output.paint));
  else if (output.format === 'quiet') output.raw(String(event.id));
  else output.raw(document('event', { data: event, meta: { as_of: event.id } }));
}
