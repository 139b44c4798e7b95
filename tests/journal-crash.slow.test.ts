// Workers that are killed at random moments (`kill -9`), and their journals:
// - each journal can be read
// - what a worker acted on is in its journal
// - the store, which is whole, lacks nothing of what the journals say
// A disk that fails, as `strace` has it:
// - an answer that was not flushed is not given, and is in the journal after the next attempt
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { attemptsOf, claimsIn, parseJournal, type Attempt } from '@agent-orchestrator/core/journal';
import { checkJournals, openOrchestrator } from '@agent-orchestrator/runtime';
import { seedOfRun } from '@agent-orchestrator/storage-conformance';
import { expect, test } from 'vitest';
import { Random } from '../packages/storage-conformance/src/processes/random.ts';
import { isWithoutStrace, Program } from '../packages/storage-sqlite/test/program.ts';
import { newFolder } from './support/stores.ts';

const KILLS = 15;
const WORKER = new URL('crash/journal-worker.ts', import.meta.url);
const withoutStrace = isWithoutStrace('no disk fails');

test('journals of workers that are killed at random moments', { timeout: 300_000 }, async () => {
  const random = new Random(seedOfRun());
  const folder = newFolder();
  const [url, journal, acted] = [`sqlite:${join(folder, 'store.db')}`, join(folder, 'journals'), join(folder, 'acted')];
  await using orchestrator = await openOrchestrator(url);

  for (let kills = 0; kills < KILLS; kills += 1) {
    await orchestrator.enqueueTasks(
      Array.from({ length: 500 }, (_, at) => ({ payload: { at, filling: 'x'.repeat(at) } })),
    );
    const worker = new Program(WORKER, folder, { url, journal, acted });
    await worker.said('began');
    await pause(random.between(0, 300));
    worker.signal('SIGKILL');
    await worker.exited();
  }

  const attempts = readdirSync(journal).flatMap((name) =>
    attemptsOf(parseJournal(readFileSync(join(journal, name), 'utf8'), name)),
  );
  const acknowledged = new Set(attempts.filter(({ outcome }) => outcome === 'acknowledged').flatMap(deeds));
  const done = readFileSync(acted, 'utf8').trimEnd().split('\n');
  console.log(`${done.length} acted upon, ${acknowledged.size} acknowledged`);
  expect(readdirSync(journal)).toHaveLength(KILLS);
  expect(done.length).toBeGreaterThan(5 * KILLS);
  expect(done.filter((deed) => !acknowledged.has(deed))).toEqual([]);
  expect(await checkJournals(orchestrator, [journal])).toMatchObject({ ok: true, files: KILLS });
  expect(await orchestrator.verify()).toMatchObject({ ok: true });
});

test.skipIf(withoutStrace)('an answer that was not flushed is not given, and is there after the next attempt', () => {
  const folder = newFolder();
  const program = fileURLToPath(new URL('../packages/runtime/test/programs/journal.ts', import.meta.url));
  const inject = ['-f', '-qq', '-o', join(folder, 'strace.log'), '-e', 'inject=fdatasync:error=EIO:when=2+3'];
  const journals = join(folder, 'journals');

  const { stdout, stderr, status, error } = spawnSync(
    'strace',
    [
      ...inject,
      process.execPath,
      '--conditions=@agent-orchestrator/source',
      program,
      journals,
      '10',
      '20',
      '30',
      '40',
      '50',
    ],
    // strace counts the calls of each thread.
    { encoding: 'utf8', env: { ...process.env, UV_THREADPOOL_SIZE: '1' } },
  );

  expect({ status, stderr, error }).toEqual({ status: 0, stderr: '', error: undefined });
  const code = 'JOURNAL_UNWRITABLE';
  expect(JSON.parse(stdout)).toEqual([1, code, 3, 4, code]);
  const answered = readdirSync(journals)
    .toSorted()
    .map((name) => attemptsOf(parseJournal(readFileSync(join(journals, name), 'utf8'), name)).length);
  // The system may have dropped what it could not flush, so what follows is in another file.
  expect(answered).toEqual([2, 3]);
});

/** What a worker may do after an answer, as it notes it. */
function deeds(attempt: Attempt): string[] {
  const claims = claimsIn(attempt).map(({ lease: { fence } }) => `claim ${fence}`);
  if (attempt.command === 'checkpoint') return [`checkpoint ${attempt.request.fence}`];
  if (attempt.command !== 'release') return claims;
  return [...claims, ...attempt.request.items.map(({ fence }) => `release ${fence}`)];
}
