/*
 * A journal:
 *  - is private: a folder for its user alone, in it a file for its user alone
 *  - begins with who keeps it, and has a line for each call, answer and error, in order
 *  - has a file name that is safe and new, whatever the agent is called
 *  - has an answer on the disk before the answer is given: as many answers as come at once share a flush
 *  - is removed when it ends with nothing but refusals
 *  - is kept as soon as a call was acknowledged, threw, or is open
 * Further files:
 *  - a file that has grown to its size is followed by another, with the calls that wait for their answers
 *  - so is one that was removed, with its folder or without
 *  - a file that is too large continues to be written while no other can be made
 *  - no line follows one that was cut off, where the system takes half a line; what was acknowledged is there
 * What cannot be written:
 *  - is told by a code, at the start and later, and leaves no file behind
 *  - a required call is forgotten, another is noted as soon as that is possible, with its answer
 *  - an error is not hidden by a journal that cannot be written
 *  - nothing is written to a journal that was closed
 *  - a folder without a name is refused, and nothing is written into the current one
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OrchestratorError } from '@agent-orchestrator/core';
import { attemptsOf, type Calls } from '@agent-orchestrator/core/journal';
import { expect, onTestFinished, test } from 'vitest';
import { JournalWriter, type JournalOptions } from '../src/index.ts';
import { blockFolder, journalNames, journalsIn, newFolder } from './support/journals.ts';

const REQUEST = { agent: 'a', commandId: 'c' } as const;
const GRANTED = { ok: true, claims: [] } as const satisfies Calls['claim']['reply'];
const REFUSED = { ok: false, reason: 'no_task', nextDueAt: null } as const satisfies Calls['claim']['reply'];

function open(folder: string, options: Partial<JournalOptions> = {}): JournalWriter {
  const journal = new JournalWriter({ folder, agent: 'a', instance: 'a.1', ...options });
  onTestFinished(() => journal.close());
  return journal;
}

test('a journal is for its user alone', async () => {
  const folder = join(newFolder(), 'new', 'journals');
  const journal = open(folder);

  await journal.answered(journal.sent('claim', REQUEST, true), GRANTED);

  const [name = ''] = journalNames(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

test('it begins with who keeps it, and has a line for each call, answer and error', async () => {
  const folder = newFolder();
  let wall = 1_000;
  const read = () => ({ wall: (wall += 1), steady: 0, uptime: 0 });
  const journal = open(folder, { time: { read } });

  const [first, second, third] = [1, 2, 3].map(() => journal.sent('claim', REQUEST, true));
  journal.threw(second ?? 0, new OrchestratorError('STORE_BUSY'));
  await journal.answered(first ?? 0, GRANTED);
  journal.threw(third ?? 0, 'a text');
  journal.close();

  expect(journalsIn(folder)).toEqual([
    [
      { is: 'started', agent: 'a', instance: 'a.1', process: expect.any(Object), at: 1_001 },
      { is: 'sent', call: 1, command: 'claim', request: REQUEST, at: 1_002 },
      { is: 'sent', call: 2, command: 'claim', request: REQUEST, at: 1_003 },
      { is: 'sent', call: 3, command: 'claim', request: REQUEST, at: 1_004 },
      { is: 'threw', call: 2, code: 'STORE_BUSY', message: expect.any(String), at: 1_005 },
      { is: 'answered', call: 1, reply: GRANTED, at: 1_006 },
      { is: 'threw', call: 3, code: null, message: 'a text', at: 1_007 },
      { is: 'ended', at: 1_008 },
    ],
  ]);
});

test('its file name is safe and new, whatever the agent is called', () => {
  const folder = newFolder();
  const agents = ['회사재규', '집재규', '..', '../../up', 'a/b\\c:d', 'CON', '-rf', '', '\u0000\n', '\ud800'];
  const long = ['👩‍🚀', '가', 'a', 'é'].map((character) => character.repeat(200));

  for (const agent of [...agents, ...agents, ...long]) open(folder, { agent });

  const names = journalNames(folder);
  expect(names).toHaveLength(2 * agents.length + long.length);
  for (const name of names) {
    expect(name).toMatch(/^[0-9a-f-]{36}-[\p{L}\p{M}\p{Nd}_.@+-]*\.jsonl$/u);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(143);
  }
  expect(names.filter((name) => name.endsWith('-회사재규.jsonl'))).toHaveLength(2);
});

test('answers that come at once are on the disk, all of them', async () => {
  const folder = newFolder();
  const journal = open(folder);
  const calls = Array.from({ length: 200 }, (_, at) =>
    journal.sent('claim', { ...REQUEST, commandId: `c${at}` }, true),
  );

  await Promise.all(calls.map(async (call) => journal.answered(call, GRANTED)));

  const outcomes = journalsIn(folder).flatMap(attemptsOf);
  expect(outcomes.filter(({ outcome }) => outcome === 'acknowledged')).toHaveLength(200);
});

test('a journal that ends with nothing but refusals is removed', async () => {
  const folder = newFolder();
  const journal = open(folder);

  await journal.answered(journal.sent('claim', REQUEST, true), REFUSED);
  expect(journalNames(folder)).toHaveLength(1);
  journal.close();

  expect(journalNames(folder)).toEqual([]);
});

test.each([
  ['was acknowledged', async (journal: JournalWriter, call: number) => journal.answered(call, GRANTED)],
  ['threw', async (journal: JournalWriter, call: number) => journal.threw(call, new Error('no'))],
  ['is open', async () => {}],
])('a journal in which something %s is kept', async (_name, happen) => {
  const folder = newFolder();
  const journal = open(folder);

  await happen(journal, journal.sent('claim', REQUEST, true));
  journal.close();

  expect(journalsIn(folder)).toHaveLength(1);
});

test('a file that has grown to its size is followed by another, with the calls that wait', async () => {
  const folder = newFolder();
  const journal = open(folder, { bytesMax: 600 });

  const slow = journal.sent('claim', { ...REQUEST, commandId: 'slow' }, true);
  for (let at = 0; at < 20; at += 1)
    await journal.answered(journal.sent('claim', { ...REQUEST, commandId: `c${at}` }, true), GRANTED);
  await journal.answered(slow, GRANTED);
  journal.close();

  const journals = journalsIn(folder);
  expect(journals.length).toBeGreaterThan(3);
  for (const one of journals) {
    expect(one[0]).toMatchObject({ is: 'started', agent: 'a', instance: 'a.1' });
    expect(JSON.stringify(one).length).toBeLessThan(1_200);
  }
  const attempts = journals.map((one) => attemptsOf(one));
  const [ofSlow] = attempts.map((one) =>
    one.filter(({ request }) => 'commandId' in request && request.commandId === 'slow'),
  );
  expect(ofSlow).toMatchObject([{ outcome: 'unknown' }]);
  expect(attempts.at(-1)).toContainEqual(
    expect.objectContaining({ outcome: 'acknowledged', request: { ...REQUEST, commandId: 'slow' } }),
  );
  const acknowledged = attempts.flat().filter(({ outcome }) => outcome === 'acknowledged');
  expect(acknowledged).toHaveLength(21);
});

test('a full file with nothing but refusals does not stay', async () => {
  const folder = newFolder();
  const journal = open(folder, { bytesMax: 300 });

  for (let at = 0; at < 20; at += 1) await journal.answered(journal.sent('claim', REQUEST, true), REFUSED);

  expect(journalNames(folder)).toHaveLength(1);
});

test.each(['file', 'folder'] as const)('a %s that was removed is followed by another', async (which) => {
  const folder = newFolder();
  const journal = open(folder);
  const call = journal.sent('claim', REQUEST, true);

  rmSync(which === 'folder' ? folder : join(folder, journalNames(folder)[0] ?? ''), { recursive: true });
  await journal.answered(call, GRANTED);

  expect(journalsIn(folder).map(attemptsOf)).toMatchObject([[{ command: 'claim', outcome: 'acknowledged' }]]);
});

test('a file that is too large continues to be written while no other can be made', async () => {
  const folder = newFolder();
  const aside = join(newFolder(), 'aside');
  const journal = open(folder, { bytesMax: 200 });
  await journal.answered(journal.sent('claim', REQUEST, true), GRANTED);

  renameSync(folder, aside);
  writeFileSync(folder, '');
  for (let at = 0; at < 5; at += 1) await journal.answered(journal.sent('claim', REQUEST, true), GRANTED);
  rmSync(folder);
  renameSync(aside, folder);

  const acknowledged = journalsIn(folder)
    .flatMap(attemptsOf)
    .filter(({ outcome }) => outcome === 'acknowledged');
  expect(acknowledged).toHaveLength(6);
});

// The shell's limit on the size of a file: the system takes as much of a line as still fits, and refuses the rest.
test.skipIf(process.platform === 'win32')(
  'no line follows one that was cut off, and what was acknowledged is there',
  async () => {
    const folder = newFolder();
    const program = fileURLToPath(new URL('programs/journal.ts', import.meta.url));
    const sizes = [...Array.from({ length: 40 }, (_, at) => 100 + ((at * 797) % 3_000)), 20_000, 100, 20_001, 100];

    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      'ulimit -f 8; exec "$0" --conditions=@agent-orchestrator/source "$@"',
      process.execPath,
      program,
      folder,
      ...sizes.map(String),
    ]);

    const told = JSON.parse(stdout) as (number | string)[];
    expect(told).toEqual(sizes.map((size, at) => (size < 8_000 ? at + 1 : 'JOURNAL_UNWRITABLE')));
    const journals = journalsIn(folder);
    expect(journals.length).toBeGreaterThan(6);
    const attempts = journals.flatMap(attemptsOf).filter(({ outcome }) => outcome === 'acknowledged');
    const ids = attempts.map(({ request }) => ('commandId' in request ? request.commandId : ''));
    expect(ids).toEqual(sizes.filter((size) => size < 8_000).map((size) => `of-${size}`));
  },
);

test('a journal that cannot be written is told by a code, at the start and later', async () => {
  const folder = newFolder();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const unwritable = expect.objectContaining({ code: 'JOURNAL_UNWRITABLE', retryable: true });

  expect(() => open(file)).toThrow(unwritable);
  expect(() => open(join(file, 'below'))).toThrow(unwritable);

  const journals = join(folder, 'journals');
  const journal = open(journals);
  const call = journal.sent('claim', REQUEST, true);
  const blocked = blockFolder(journals);
  await expect(journal.answered(call, GRANTED)).rejects.toThrow(unwritable);
  expect(() => journal.sent('claim', REQUEST, true)).toThrow(unwritable);
  blocked.end();
});

test('a folder without a name is refused, and nothing is written into the current one', () => {
  const before = readdirSync('.');

  expect(() => open('')).toThrow(expect.objectContaining({ code: 'INVALID_INPUT', field: 'journal' }));

  expect(readdirSync('.')).toEqual(before);
});

// Nothing can be made there, not even by the superuser.
test.runIf(process.platform === 'linux')('a folder that cannot be made is told by a code', () => {
  const unwritable = expect.objectContaining({ code: 'JOURNAL_UNWRITABLE' });

  expect(() => open('/proc/below/journals')).toThrow(unwritable);
});

test('a required call is forgotten, another is noted as soon as that is possible, with its answer', async () => {
  const folder = join(newFolder(), 'journals');
  const journal = open(folder);

  const blocked = blockFolder(folder);
  expect(() => journal.sent('claim', { ...REQUEST, commandId: 'required' }, true)).toThrow(
    expect.objectContaining({ code: 'JOURNAL_UNWRITABLE' }),
  );
  const call = journal.sent('claim', { ...REQUEST, commandId: 'sent' }, false);
  blocked.end();
  await journal.answered(call, GRANTED);

  expect(journalsIn(folder).flatMap(attemptsOf)).toMatchObject([
    { outcome: 'acknowledged', request: { commandId: 'sent' } },
  ]);
});

test('an error is not hidden by a journal that cannot be written', () => {
  const folder = join(newFolder(), 'journals');
  const journal = open(folder);
  const call = journal.sent('claim', REQUEST, true);

  const blocked = blockFolder(folder);
  expect(() => journal.threw(call, new Error('the error of the call'))).not.toThrow();
  blocked.end();
});

test('nothing is written to a journal that was closed', async () => {
  const folder = newFolder();
  const journal = open(folder);
  const call = journal.sent('claim', REQUEST, true);
  journal.close();
  const lines = journalsIn(folder);

  await expect(journal.answered(call, GRANTED)).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' });
  journal.close();

  expect(journalsIn(folder)).toEqual(lines);
});

test('a call that cannot be written as JSON throws, and is not counted', async () => {
  const folder = newFolder();
  const journal = open(folder);
  const evidence = [] as unknown[];
  evidence.push(evidence);

  expect(() => journal.sent('claim', { ...REQUEST, evidence } as never, true)).toThrow(TypeError);
  mkdirSync(folder, { recursive: true });
  await journal.answered(journal.sent('claim', REQUEST, true), GRANTED);

  expect(journalsIn(folder).flatMap(attemptsOf)).toHaveLength(1);
});
