// The canonical text of a value, and of the columns that an event's hash covers:
// - it is what the reference library of RFC 8785 writes, to the byte
// - so it is for keys that an object has in an order of its own, and for texts that look like an escape
// - the library is asked for those, and for nothing that a command writes; a plain row is not copied for it
// - what is not JSON is refused, wherever it stands
// - the hashed text of an event is the canonical one, whatever its columns hold
import reference from 'canonicalize';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalize } from '../../src/log/canonical.ts';
import { hashEvent } from '../../src/log/chain.ts';
import type { NewEvent } from '../../src/log/events.ts';
import type { Json } from '../../src/model/json.ts';
import { sha256 } from '../../src/model/sha256.ts';
import { snakeCase } from '../../src/model/snake-case.ts';

const text = fc.string({ unit: 'grapheme' });
const key = fc.oneof(
  text,
  fc.constantFrom('', '0', '9', '10', '01', '-1', '__proto__', 'constructor', 'toString', 'é'),
);
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(-0, 1e21));
const json = fc.object({ key, values: [text, number, fc.boolean(), fc.constant(null)] }) as fc.Arbitrary<Json>;

test('it is what the reference library writes, to the byte', () => {
  fc.assert(
    fc.property(fc.oneof(json, fc.array(json), text, number), (value) => {
      expect(canonicalize(value)).toBe(reference(value));
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ['numbers', { b: 1, 10: 1, 9: 1, a: 1 }, '{"10":1,"9":1,"a":1,"b":1}'],
  ['numbers further inside', [{ a: { 2: 1, 1: { 10: 1, 9: 1 } } }], '[{"a":{"1":{"10":1,"9":1},"2":1}}]'],
  ['__proto__', JSON.parse('{"b":1,"__proto__":2}') as Json, '{"__proto__":2,"b":1}'],
  ['a text like an escape', { b: String.raw`\ud800`, a: 1 }, String.raw`{"a":1,"b":"\\ud800"}`],
  ['a property that is undefined', { b: undefined, a: { 1: undefined } }, '{"a":{}}'],
  ['keys in order, with a property that is undefined', { a: 1, b: undefined, c: 'é' }, '{"a":1,"c":"é"}'],
])('so it is for %s', (_what, value, expected) => {
  expect(canonicalize(value)).toBe(expected);
  expect(reference(value)).toBe(expected);
});

test.each([
  ['a plain row whose keys are in order', { '': 1, a: '', b: null, c: 1.5, d: undefined }, 'itself'],
  ['a list in an object', { b: [{ d: null, c: true }, 1.5], a: 'é' }, 'a copy'],
  ['an object in an object whose keys are in order', { a: 1, b: { c: 1 } }, 'a copy'],
  ['a property that is undefined', { b: undefined, a: 1 }, 'a copy'],
  ['an object in a list', [{ b: '', a: false }], 'a copy'],
  ['a key that has a number in it', { b: 1, a1: 1 }, 'a copy'],
  ['keys that are numbers', { a: { 9: 1, 10: 1 } }, 'by the library'],
  ['a text like an escape', [String.raw`\ud800`], 'by the library'],
])('the library is asked, and a copy made, only where it has to be: %s', (_what, value: object, expected) => {
  // JSON.stringify looks for a method of the value, and the library for its prototype.
  let [written, asked] = [false, false];
  const watched = new Proxy(value, {
    get(target, key, receiver): unknown {
      if (key === 'toJSON') written = true;
      return Reflect.get(target, key, receiver);
    },
    getPrototypeOf(target) {
      asked = true;
      return Reflect.getPrototypeOf(target);
    },
  });

  expect(canonicalize(watched as Json)).toBe(reference(value));
  expect(asked ? 'by the library' : written ? 'itself' : 'a copy').toBe(expected);
});

test.each([
  ['a number that is not finite', Number.POSITIVE_INFINITY],
  ['NaN in a list', [1, Number.NaN]],
  ['NaN in an object', { b: 1, a: { c: Number.NaN } }],
  ['NaN in an object whose keys are in order', { a: 1, b: Number.NaN }],
  ['a lone surrogate', 'a\ud800'],
  ['a lone surrogate in a key', { '\udfff': 1 }],
])('%s is refused', (_what, value) => {
  expect(() => canonicalize(value)).toThrow(Error);
});

test('the hashed text of an event is the canonical one, whatever its columns hold', () => {
  const column = fc.option(text);
  const count = fc.nat(Number.MAX_SAFE_INTEGER);
  const event = fc.record({
    namespace: text,
    streamKind: fc.constantFrom('session' as const, 'agent' as const),
    streamId: text,
    seq: count,
    type: text as fc.Arbitrary<NewEvent['type']>,
    leaseEffect: fc.constantFrom('granted' as const, 'ended' as const, 'refused' as const, null),
    sessionId: column,
    taskId: column,
    agent: column,
    instance: column,
    fence: fc.option(count),
    commandId: column,
    payload: json.map(canonicalize),
    at: count,
    prevHash: text,
  });

  fc.assert(
    fc.property(event, (columns) => {
      const named = Object.fromEntries(Object.entries(columns).map(([name, value]) => [snakeCase(name), value]));
      expect(hashEvent(columns)).toBe(sha256(reference(named) ?? ''));
    }),
    { numRuns: 500 },
  );
});
