// A call of the API as the input of its command:
// - whatever fields it has, the input or the refusal is that of a slower way, which copies each field by itself
// - a field called `__proto__` is refused, and gives no other field a value
// - what a call inherits is no field of it
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { INPUTS, type CallName, type Fill } from '../../src/api/inputs.ts';
import {
  answerInput,
  checkpointInput,
  claimInput,
  heartbeatInput,
  recoverInput,
  retryInput,
} from '../../src/commands/index.ts';
import { invalidInput, OrchestratorError } from '../../src/model/errors.ts';
import { parseInput } from '../../src/model/fields.ts';

const COMMAND_ID = '019a0f3c-7e11-7abc-8def-0123456789ab';
const SEED = 'a'.repeat(32);
const FILL: Fill = { namespace: 'default', newCommandId: () => COMMAND_ID, newSeed: () => SEED };
const TOKEN = `7-${'b'.repeat(32)}`;

type Fields = Readonly<Record<string, unknown>>;

/** The own fields of a call that are given. Nothing is assigned by name. */
const given = (call: Fields): Fields =>
  Object.fromEntries(Object.entries(call).filter(([, value]) => value !== undefined));

const addressed = (call: Fields): Fields => ({ namespace: 'default', commandId: COMMAND_ID, ...given(call) });

function seeded(call: Fields): Fields {
  const { seed, commandId } = given(call);
  if (seed === undefined && commandId !== undefined) throw invalidInput('seed', 'must be given');
  return { ...addressed(call), seed: seed ?? SEED };
}

/** Some calls: a valid one of each, and its input in the slower way. */
const CALLS: Partial<Record<CallName, { readonly call: Fields; readonly slowly: (call: Fields) => object }>> = {
  heartbeat: {
    call: { token: TOKEN },
    slowly: (call) => parseInput(heartbeatInput, { namespace: 'default', ...given(call) }),
  },
  checkpoint: {
    call: { token: TOKEN, nextAction: 'next' },
    slowly: (call) => parseInput(checkpointInput, addressed(call)),
  },
  claimTasks: { call: { agent: 'agent', limit: 3 }, slowly: (call) => parseInput(claimInput, seeded(call)) },
  staleRecovery: { call: {}, slowly: (call) => parseInput(recoverInput, addressed(call)) },
  answerTask: { call: { taskId: 'task', answer: 'yes' }, slowly: (call) => parseInput(answerInput, addressed(call)) },
  retryTask: { call: { taskId: 'task' }, slowly: (call) => parseInput(retryInput, addressed(call)) },
};

/** Further fields, of which a call has a few, well-formed and not. */
const FIELDS: readonly (readonly [name: string, ...values: unknown[]])[] = [
  ['namespace', 'other', '', 1],
  ['commandId', '019a0f3c-7e12-7abc-8def-0123456789ab', 'no id', null],
  ['seed', 'c'.repeat(32), 'no seed'],
  ['agent', 'agent', ' agent', 'x'.repeat(129), 'e\u0301', 7],
  ['limit', 3, 0],
  ['kinds', ['k'], []],
  ['taskId', 't42', ''],
  ['token', TOKEN, '7'],
  ['progress', { page: 1 }, Number.NaN],
  ['__proto__', { agent: 'inherited', kinds: ['k'], namespace: 'inherited' }, null, 1],
  ['constructor', 1],
  ['toString', 'text'],
];
const furtherField = fc
  .constantFrom(...FIELDS)
  .chain(([name, ...values]) => fc.constantFrom(undefined, ...values).map((value) => [name, value] as const));

/** The input; or why there is none. */
function outcomeOf(prepare: () => object): unknown {
  try {
    return prepare();
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    return [error.code, error.field];
  }
}

test.each(Object.entries(CALLS))(
  '%s: the input is that of a slower way, whatever the fields',
  (name, { call, slowly }) => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(furtherField, { maxLength: 3 }), (further) => {
        const fields = Object.fromEntries([...Object.entries(call), ...further]) as Fields;
        const found = outcomeOf(() => INPUTS[name as CallName](fields, FILL).input);

        expect(found).toEqual(outcomeOf(() => slowly(fields)));
        if (!Array.isArray(found)) accepted += 1;
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(20);
  },
);

test.each([['claimTask', '{"agent":"a","__proto__":{"kinds":["k"]}}'] as const, ...withProto()])(
  '%s refuses a field called __proto__: %s',
  (name, text) => {
    expect(outcomeOf(() => INPUTS[name](JSON.parse(text) as object, FILL))).toEqual(['INVALID_INPUT', '__proto__']);
  },
);

function withProto(): (readonly [CallName, string])[] {
  return Object.entries(CALLS).map(([name, { call }]) => {
    const fields = JSON.stringify(call).slice(1, -1);
    return [name as CallName, `{"__proto__":{}${fields === '' ? '' : ','}${fields}}`] as const;
  });
}

test('what a call inherits is no field of it', () => {
  const own = { token: TOKEN, nextAction: 'next' };
  const call = Object.assign(Object.create({ commandId: 'inherited', data: 1 }) as object, own);

  const { input } = INPUTS.checkpoint(call, FILL);

  expect(input).toMatchObject({ commandId: COMMAND_ID, ...own });
  expect(input).not.toHaveProperty('data');
});
