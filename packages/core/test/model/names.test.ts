import { expect, test } from 'vitest';
import { labelOf, nameOf, referenceTo, shellQuoted, shellWord } from '@agent-orchestrator/core';

const MADE = '0193a6f0-0000-7000-8000-000000000001';

test.each([
  ['build', 'build', 'build', 's2 build'],
  ['회사-대화', '회사-대화', '회사-대화', 's2 회사-대화'],
  [
    'agent:main:signal:group:a+b',
    'agent:main:signal:group:a+b',
    'agent:main:signal:group:a+b',
    's2 agent:main:signal:group:a+b',
  ],
  ['x; echo no', 'x; echo no', 's2', 's2 x; echo no'],
  ['$(id)', '$(id)', 's2', 's2 $(id)'],
  ['two words', 'two words', 's2', 's2 two words'],
  ['-y', '-y', 's2', 's2 -y'],
  [MADE, 's2', 's2', 's2'],
])('session %s is %s in a sentence, %s in a command, %s in a list', (id, name, reference, label) => {
  const session = { id, number: 2 };

  expect([nameOf('session', session), referenceTo('session', session), labelOf('session', session)]).toEqual([
    name,
    reference,
    label,
  ]);
});

test.each([
  ['/tmp/store.db', '/tmp/store.db'],
  ['/tmp/집/store.db', '/tmp/집/store.db'],
  ['/tmp/d; echo no/store.db', `'/tmp/d; echo no/store.db'`],
  ['-y', `'-y'`],
  ['', `''`],
  [`it's`, `'it'\\''s'`],
  ['a\nb', `'a\nb'`],
  ['~/x', `'~/x'`],
  ['a=b', `'a=b'`],
  ['{a,b}', `'{a,b}'`],
  ['*', `'*'`],
])('%j is %j as a word of a shell', (text, word) => {
  expect(shellWord(text)).toBe(word);
});

test('what is quoted stays one word, whatever is in it', () => {
  expect(shellQuoted('plain')).toBe(`'plain'`);
  expect(shellQuoted(`'; id; '`)).toBe(`''\\''; id; '\\'''`);
});
