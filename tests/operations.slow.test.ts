// What the operations page tells a person to type, in an empty HOME:
// - each section's commands show what the page shows
// - the configuration on the page is taken as it stands
// - the tests type every command of the page
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isStale, openOrchestrator } from '@agent-orchestrator/runtime';
import { describe, expect, test } from 'vitest';
import { ago, event, oldFile, session, task } from '../packages/import-legacy/test/old-files.ts';
import { blocks, missingLines, page, section, shownLines } from './support/readme.ts';
import { Shell } from './support/shell.ts';

const PAGE = 'docs/operations.md';
/** In the order of the page: what the store is like before the commands of a section are typed. */
const SECTIONS: Readonly<Record<string, (shell: Shell) => Promise<void>>> = {
  'What happened while I was away': withFailedTask,
  'Is the store well': withStaleSession,
  Backups: withStaleSession,
  'The database of the proof of concept': withOldStore,
};

// Elsewhere there is no bash, and files have no modes.
describe.skipIf(process.platform === 'win32')('the operations page', () => {
  test.each(Object.entries(SECTIONS))('%s: its commands show what the page shows', async (heading, prepare) => {
    await using shell = await Shell.withHome();
    await prepare(shell);
    const text = await section(heading, PAGE);

    const stdout = await shell.typeAll(blocks(text, 'sh').join('\n'));

    expect(shownLines(text)).not.toEqual([]);
    expect({ missing: missingLines(text, stdout), stdout }).toEqual({ missing: [], stdout });
  });

  test('the configuration on the page is taken as it stands', async () => {
    await using shell = await Shell.withHome();
    const [json = ''] = blocks(await section('Settings', PAGE), 'json');
    const folder = join(shell.home, '.openclaw');
    mkdirSync(folder);
    writeFileSync(join(folder, 'orchestrator.json'), json, { mode: 0o600 });

    const { stdout } = await shell.typeWell('orchestrator config list');

    const { store, agent, ttl } = JSON.parse(json) as Record<string, string>;
    const path = store?.replace('sqlite:', `sqlite:${folder}/`);
    for (const [key, value] of Object.entries({ store: path, agent, ttl }))
      expect(stdout).toMatch(new RegExp(`^${key} +${value} +file `, 'mu'));
  });
});

test('the tests type every command of the page', async () => {
  const typed = await Promise.all(Object.keys(SECTIONS).map((heading) => section(heading, PAGE)));

  expect(typed.flatMap((text) => blocks(text, 'sh'))).toEqual(blocks(await page(PAGE), 'sh'));
  expect(typed.flatMap((text) => blocks(text, ''))).toEqual(blocks(await page(PAGE), ''));
});

/** A report that was tried once. */
async function withFailedTask(shell: Shell): Promise<void> {
  await using orchestrator = await openOrchestrator(storeOf(shell));
  await orchestrator.enqueueTask({ title: 'Nightly report' });
  const claimed = await orchestrator.claimTask({ agent: 'company-agent' });
  if (!claimed.ok) throw new Error(claimed.reason);
  const error = { message: 'The command ended with exit code 3.' };
  await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'failed', error });
}

/** The same, and an agent that fell silent over its letters. */
async function withStaleSession(shell: Shell): Promise<void> {
  await withFailedTask(shell);
  await using orchestrator = await openOrchestrator(storeOf(shell));
  await orchestrator.enqueueTask({ sessionId: 'letters', title: 'Write the letter' });
  await orchestrator.claimTask({ agent: 'home-agent', sessionId: 'letters', ttlMs: 1_000, staleAfterMs: 1_000 });
  const isSilent = async () => {
    const letters = await orchestrator.getSession('letters');
    return letters !== null && isStale(letters, await orchestrator.now());
  };
  await expect.poll(isSilent, { timeout: 10_000 }).toBe(true);
}

/** A store as the proof of concept left it. */
async function withOldStore(shell: Shell): Promise<void> {
  const path = storeOf(shell).slice('sqlite:'.length);
  mkdirSync(dirname(path), { recursive: true });
  const statuses = ['done', 'claimed', 'queued', 'queued'];
  const tasks = statuses.map((status, at) => task({ task_id: `t${at + 1}`, status, created_at: ago(1_800 - at) }));
  const idle = session({ status: 'idle', last_turn: 3, next_action: 'translate page 4' });
  oldFile([4], { session_state: [idle], task_queue: tasks, event_log: [event()] }, path);
}

function storeOf(shell: Shell): string {
  return `sqlite:${join(shell.home, '.openclaw/data/orchestrator.db')}`;
}
