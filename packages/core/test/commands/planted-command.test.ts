// Commands declare what they are; nothing is guessed from the shape of an input or a reply.
// A planted command whose fields are called as those of a claim:
// - has its reply as it decided it, and the events that it declared
// - leaves a receipt, and sent again is answered exactly as it was, whatever the rows have become
// - is identified by all of its input, `process` and `evidence` included, because it does not declare otherwise
// - is identified without them once it does
// - has a reason for telemetry only where it declares that its reply is a refusal
// - has nothing saved, if it writes an event that it does not declare
import { expect, test } from 'vitest';
import { z } from 'zod';
import { answered } from '../../src/api/telemetry.ts';
import { claim, release } from '../../src/commands/index.ts';
import type { Command } from '../../src/commands/command.ts';
import { execute, requestHash, type Outcome } from '../../src/commands/execute.ts';
import { plainReply } from '../../src/commands/receipt-reply.ts';
import * as field from '../../src/model/fields.ts';
import type { Loaded, Receipt, WriteSet } from '../../src/index.ts';

const input = z.strictObject({
  namespace: field.name,
  commandId: field.commandId,
  sessionId: field.id,
  process: z.strictObject({ host: field.note, pid: z.int() }),
  evidence: z.array(field.note),
});
type PlantedInput = z.output<typeof input>;

/** Every field is named as one that other commands keep, restore or leave out in a way of their own. */
interface PlantedReply {
  readonly ok: boolean;
  readonly context: { readonly turn: string; readonly payload: readonly number[] };
  readonly lease: { readonly sessionId: string; readonly token: string };
  readonly interruptionsMax: number;
  readonly reason: string;
  readonly task: { readonly id: string; readonly payload: string };
}

const planted: Command<PlantedInput, PlantedReply> = {
  // No row of the lifecycle knows it: the machinery must not ask.
  name: 'planted' as 'claim',
  input,
  events: ['session.opened'],
  receipt: plainReply(),

  scope: ({ namespace, commandId, sessionId }) => ({
    by: 'new',
    namespace,
    commandId,
    sessionIds: [sessionId],
    taskIds: [],
    dedupeKeys: [],
  }),

  decide({ sessionId, evidence }, { numbers }) {
    return {
      events: [{ type: 'session.opened', sessionId, payload: { number: numbers[0] ?? 0 } }],
      reply: (after) => ({
        ok: true,
        context: { turn: 'not a number', payload: [1, 2, 3] },
        lease: { sessionId: after.session(sessionId).id, token: 'no token at all' },
        interruptionsMax: evidence.length,
        reason: 'what made the planted agent ask',
        task: { id: 'no task of the store', payload: 'kept' },
      }),
    };
  },
};

const NOW = 1_767_268_800_250;
const sent: PlantedInput = {
  namespace: 'default',
  commandId: '019b796d-d6fa-7000-8000-000000000001',
  sessionId: 'planted',
  process: { host: 'machine-1', pid: 4_711 },
  evidence: ['seen', 'heard'],
};
const ANSWER = {
  ok: true,
  context: { turn: 'not a number', payload: [1, 2, 3] },
  lease: { sessionId: 'planted', token: 'no token at all' },
  interruptionsMax: 2,
  reason: 'what made the planted agent ask',
  task: { id: 'no task of the store', payload: 'kept' },
};

function loaded(receipt: Receipt | null = null): Loaded {
  const reading = { wall: NOW, steady: 0, uptime: 0, boot: 'boot-1' };
  return {
    now: NOW,
    clock: { last: reading, jump: null, reading },
    greatestFence: 0,
    sessions: [],
    tasks: [],
    agents: [],
    named: [],
    nextDueAt: null,
    numbers: [17],
    isDue: false,
    receipt,
  };
}

/** One sending of a command, on what was loaded for it. */
function send(command: typeof planted, call: PlantedInput, receipt: Receipt | null = null) {
  return execute(command, call, requestHash(command, call), loaded(receipt));
}

function receiptOf({ receipt }: WriteSet<Outcome<PlantedReply>>): Receipt {
  if (receipt === null) throw new Error('the command leaves a receipt');
  return receipt;
}

test('it has its reply as it decided it, and the events that it declared', () => {
  const { reply, events, sessions } = send(planted, sent);

  expect(reply).toEqual({ kind: 'reply', reply: ANSWER, replayed: false });
  expect(events).toMatchObject([{ type: 'session.opened', streamId: 'planted', commandId: sent.commandId }]);
  expect(sessions).toMatchObject([{ before: null, after: { id: 'planted', number: 17 } }]);
});

test('it leaves a receipt, and sent again it is answered exactly as it was', () => {
  const first = send(planted, sent);

  // The receipt names no rows, so none are loaded for it.
  const again = send(planted, { ...sent }, receiptOf(first));

  expect(receiptOf(first)).toMatchObject({ namespace: 'default', commandId: sent.commandId, at: NOW });
  expect(again).toMatchObject({ sessions: [], tasks: [], events: [], receipt: null });
  expect(again.reply).toEqual({ kind: 'reply', reply: ANSWER, replayed: true });
});

test.each<[string, Partial<PlantedInput>]>([
  ['process', { process: { host: 'machine-1', pid: 4_712 } }],
  ['evidence', { evidence: ['seen'] }],
  ['sessionId', { sessionId: 'other' }],
])('it is another request with another %s', (_field, changed) => {
  const receipt = receiptOf(send(planted, sent));

  expect(() => send(planted, { ...sent, ...changed }, receipt)).toThrow(
    expect.objectContaining({ code: 'COMMAND_ID_REUSED', field: 'commandId' }),
  );
});

test('what it declares as no part of its identity may change, and nothing else', () => {
  const command: typeof planted = { ...planted, notIdentity: ['process', 'evidence'] };
  const receipt = receiptOf(send(command, sent));

  const again = send(command, { ...sent, process: { host: 'machine-2', pid: 1 }, evidence: [] }, receipt);

  expect(again.reply).toMatchObject({ replayed: true, reply: ANSWER });
  expect(() => send(command, { ...sent, sessionId: 'other' }, receipt)).toThrow(
    expect.objectContaining({ code: 'COMMAND_ID_REUSED' }),
  );
});

test('a command without receipts leaves none, whatever its reply is called', () => {
  const command: typeof planted = { ...planted, receipt: null };

  expect(send(command, sent)).toMatchObject({ receipt: null, events: [{ type: 'session.opened' }] });
});

test('telemetry is told a reason where the command declares that its reply is a refusal, and nowhere else', () => {
  const asked: typeof planted = {
    ...planted,
    refusalReason: ({ context }) => context.turn,
  };
  const refused = { ok: false, reason: 'not_found' } as const;

  expect(answered(planted, ANSWER)).toEqual({ ok: true, ...one('ok') });
  expect(answered(planted, { ...ANSWER, ok: false })).toEqual({ ok: false, ...one('refused') });
  const reason = 'not a number';
  expect(answered(asked, { ...ANSWER, ok: false })).toEqual({ ok: false, reason, ...one(reason) });
  expect(answered(claim, refused)).toEqual({ ...refused, ...one('not_found') });
  expect(answered(claim, { ok: true, claims: [] })).toEqual({ ok: true, ...one('ok') });
  expect(answered(release, { ok: false, items: [], next: [] })).toEqual({ ok: false, outcome: 'refused', parts: {} });
});

const one = (outcome: string) => ({ outcome, parts: { [outcome]: 1 } });

test('an event that it does not declare is a broken rule, and nothing is saved', () => {
  const command: typeof planted = { ...planted, events: ['task.queued'] };

  expect(() => send(command, sent)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
});
