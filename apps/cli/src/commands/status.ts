import { setTimeout as pause } from 'node:timers/promises';
import type { Orchestrator } from '@agent-orchestrator/core';
import type { Call } from '../call.ts';
import { Changes } from '@agent-orchestrator/runtime';
import { failureOf } from '../failure.ts';
import { interruptionOfPrinter } from '../interruption.ts';
import { StoreNotice } from '../store-notice.ts';
import { keepTrying } from '../keep-trying.ts';
import type { Answer } from '../output/output.ts';
import type { Define } from '../command-module.ts';
import { emptyStatus, Names, readStatus, type StatusAsOf } from '@agent-orchestrator/runtime';
import { statusLines } from '../views/status.ts';

interface StatusOptions {
  readonly watch?: true;
  readonly jsonl?: true;
}

const define: Define = (program, run) => {
  program
    .command('status')
    .description('show one screen: what needs you, the agents at work, the counts')
    .option('--watch', 'show it again after each change, until interrupted')
    .option('--jsonl', 'one JSON document per line')
    .action(run<StatusOptions>((call) => (call.options.watch ? watch(call) : once(call))));
};

export default define;

async function once(call: Call<StatusOptions>): Promise<Answer> {
  try {
    await using orchestrator = await call.open('read-only');
    await new StoreNotice(call.output).look(orchestrator);
    return await look(call, orchestrator);
  } catch (error) {
    // Without a configuration, a missing store is not a mistake: it is the first use.
    if (call.settings.store.from === 'default' && failureOf(error).code === 'STORE_NOT_FOUND') return beginning();
    throw error;
  }
}

/** The status of an empty store, and the first step. */
function beginning(): Answer {
  return {
    ...answerOf({ ...emptyStatus(), asOf: 0, now: Date.now() }, new Names()),
    chatter: ['there is no store yet: the first task creates it', 'next: orchestrator task create TITLE'],
  };
}

/** The screen changes at most this often. */
const REDRAW_MS = 250;

async function watch(call: Call<StatusOptions>): Promise<null> {
  call.refuseJsonWith('--watch');
  const { assertOpenForWork } = await import('@agent-orchestrator/runtime');
  const interrupted = interruptionOfPrinter();
  await using orchestrator = await call.open('read-only');
  await using changes = await Changes.of(orchestrator);
  const isScreen = call.output.format === 'text' && process.stdout.isTTY && process.env['TERM'] !== 'dumb';
  const notice = new StoreNotice(call.output);
  let last = '';
  await keepTrying(call.output, interrupted, async () => {
    const state = await notice.look(orchestrator);
    const answer = await look(call, orchestrator);
    const seen = JSON.stringify(answer.data);
    // A screen is redrawn each time, because it shows ages. A stream only gets changes.
    if (isScreen) call.output.clearScreen();
    if (isScreen || seen !== last) call.output.answer(answer);
    last = seen;
    await call.output.room(interrupted);
    if (state?.status === 'moved') assertOpenForWork(state);
    await Promise.all([changes.wait(undefined, interrupted), pause(REDRAW_MS)]);
  });
  return null;
}

async function look(call: Call<StatusOptions>, orchestrator: Orchestrator): Promise<Answer> {
  const status = await readStatus(orchestrator, await call.caller());
  const sessions = status.needsYou.refused.map(({ streamId }) => streamId);
  return answerOf(status, await call.names(orchestrator, { sessions }));
}

function answerOf({ asOf, now, ...status }: StatusAsOf, names: Names): Answer {
  return {
    kind: 'status',
    data: status,
    asOf,
    ids: status.working.map(({ sessionId }) => sessionId),
    text: (paint) => statusLines(status, names, now, paint),
  };
}
