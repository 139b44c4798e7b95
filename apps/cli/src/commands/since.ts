import type { LookedAt, SinceQuestion } from '@agent-orchestrator/runtime';
import type { Call } from '../call.ts';
import { collect } from '../input/parse.ts';
import { parseSince, type SinceWhen } from '../input/since.ts';
import type { Answer } from '../output/output.ts';
import type { Define } from '../command-module.ts';
import { sinceLines } from '../views/since.ts';

interface SinceOptions {
  readonly role?: string[];
}

/** For the first look at a store. */
const FIRST_LOOK_MS = 86_400_000;

const define: Define = (program, run) => {
  program
    .command('since')
    .description('show what happened while you were away: done, failed, cancelled, recovered, refused, waiting for you')
    .argument(
      '[time]',
      'last (default): your last look, or one day; a duration (2h), a time (2026-01-31T09:00Z) or an event number',
      parseSince,
    )
    .option('--role <name>', 'with --agent: your role, whose tasks wait for you, too (repeatable)', collect)
    .action(run<SinceOptions, [SinceWhen | undefined]>((call, when) => since(call, when ?? { is: 'last' })));
};

export default define;

async function since(call: Call<SinceOptions>, when: SinceWhen): Promise<Answer> {
  const { DEFAULTS, keepLastLook, readLastLook, readSince } = await import('@agent-orchestrator/runtime');
  const { agent, role, namespace = DEFAULTS.namespace } = call.options;
  await using orchestrator = await call.open('read-only');
  const lookedAt: LookedAt = { store: call.settings.store.value, namespace };
  const last = await readLastLook(lookedAt);
  const asOfNow = await orchestrator.asOf();
  // A last look beyond the end of the log belongs to an earlier store at this place.
  const lastLook = last === null || last.eventId > asOfNow ? null : last;
  const now = await orchestrator.now();
  const from = fromOf(when, lastLook, now);
  const caller = await call.caller();
  const { asOf, ...found } = await readSince(orchestrator, { from, agent, roles: role, caller });
  const rows = found.groups.flatMap((group) => group.rows);
  const names = await call.names(orchestrator, { sessions: rows.map(({ sessionId }) => sessionId) });
  return {
    kind: 'since',
    data: { ...found, lastLook },
    asOf,
    ids: rows.map(({ id }) => String(id)),
    text: (paint) => sinceLines(found, when.is === 'last' ? { lastLook } : null, names, paint),
    async shown() {
      // This answer began after the last look, so the events between them were not shown.
      if (lastLook !== null && found.from.eventId > lastLook.eventId) return;
      try {
        await keepLastLook(lookedAt, { eventId: asOf, at: found.askedAt });
      } catch (error) {
        call.output.chatter(`your last look could not be stored: ${(error as Error).message}`);
      }
    },
  };
}

function fromOf(when: SinceWhen, lastLook: { readonly eventId: number } | null, now: number): SinceQuestion['from'] {
  switch (when.is) {
    case 'last':
      return lastLook === null ? { at: now - FIRST_LOOK_MS } : { eventId: lastLook.eventId };
    case 'event':
      return { eventId: when.eventId };
    case 'time':
      return { at: when.at };
    case 'ago':
      return { at: now - when.ms };
  }
}
