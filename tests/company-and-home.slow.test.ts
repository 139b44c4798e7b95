/*
 * The story of `examples/company-and-home`, on a file and on a server, where agents have a login of their own:
 *  - each step ends as it should, and shows what both pages of the example show
 *  - the deployment is blocked until the owner has approved, and can be claimed at that moment
 *  - no agent approves its own work: the rule refuses it, and so does the database when SQL bypasses the rule
 *  - the log tells who did what in which order, and what proves who approved; and it verifies
 *  - a plain call plays all these steps, and both pages have the same commands
 */
import { join } from 'node:path';
import type { EventRecord, Orchestrator } from '@agent-orchestrator/core';
import { everyRow, openOrchestrator } from '@agent-orchestrator/runtime';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { userUrl, withAdmin } from '../packages/storage-postgres/test/harness/databases.ts';
import { reviewing } from '../packages/storage-postgres/test/past-the-rules.ts';
import { blocks, missingLines, page, root } from './support/readme.ts';
import { Shell } from './support/shell.ts';
import { KINDS, newPlace, statement, type Kind } from './support/stores.ts';

const FOLDER = 'examples/company-and-home';
const PAGES = [`${FOLDER}/README.md`, `${FOLDER}/README.ko.md`];
const COMPANY = '회사재규';
const HOME = '집재규';
const OWNER = '재규';

/** What the deployment waits for after each step; null: it can be claimed. */
const WAITS_FOR: Readonly<Record<string, string | null>> = {
  plan: 'version-1 (blocked)',
  ask: 'version-1 (blocked)',
  answer: 'version-1 (blocked)',
  dies: 'version-1 (blocked)',
  continues: 'version-1 (blocked)',
  own_work: 'version-1 (blocked)',
  changes: 'version-1 (blocked)',
  improves: 'version-1 (blocked)',
  approves: 'version-1 (queued)',
  hands_over: 'version-1 (queued)',
  proposes: 'version-1 (in_review)',
  pretends: 'version-1 (in_review)',
  signs: null,
};
/** The steps after it. */
const AFTERWARDS = ['deploys', 'looks_back'];

/** What the log has of each task, checkpoints in a row as one; of a verdict, what proves who gave it. */
const TOLD = {
  parser: [
    'task.queued',
    `task.claimed ${COMPANY}`,
    `session.checkpointed ${COMPANY}`,
    `task.asked ${COMPANY}`,
    `task.answered ${OWNER}`,
    `task.claimed ${COMPANY}`,
    `session.checkpointed ${COMPANY}`,
    `lease.taken_over ${COMPANY}`,
    `task.claimed ${COMPANY}`,
    `session.checkpointed ${COMPANY}`,
    `task.review_requested ${COMPANY}`,
    `task.changes_requested ${HOME} unproven`,
    `task.claimed ${COMPANY}`,
    `task.review_requested ${COMPANY}`,
    `task.approved ${HOME} unproven`,
  ],
  'version-1': [
    'task.queued',
    'task.dependency_ended',
    `task.claimed ${COMPANY}`,
    `session.checkpointed ${COMPANY}`,
    `task.handed_off ${COMPANY}`,
    `task.claimed ${HOME}`,
    `task.review_requested ${HOME}`,
    `task.approved ${OWNER} signature`,
  ],
  deploy: ['task.queued', 'task.dependency_ended', `task.claimed ${COMPANY}`, `task.succeeded ${COMPANY}`],
};

// Elsewhere there is no bash, or no process can see at once that the killed one is gone.
describe.runIf(process.platform === 'linux')('examples/company-and-home', () => {
  test.concurrent.for(KINDS)(
    'on %s, the story goes as its pages tell',
    { timeout: 180_000 },
    async (kind, { expect }) => {
      await using shell = await Shell.withHome();
      const store = await storeOfAgents(kind, shell);
      await using orchestrator = await openOrchestrator(store);
      shell.env['STORY_STORE'] = store;
      shell.env['STORY'] = shell.folder;
      const play = async (step: string) => (await shell.typeWell(`'${join(root, FOLDER, 'story.sh')}' ${step}`)).stdout;

      let shown = '';
      const waitsFor: Record<string, string | null> = {};
      const bypassed: unknown[] = [];
      for (const step of Object.keys(WAITS_FOR)) {
        shown += await play(step);
        waitsFor[step] = await whatItWaitsFor(orchestrator, 'deploy');
        if (step === 'own_work')
          for (const agent of [COMPANY, HOME]) bypassed.push(await takeReview(kind, store, agent));
      }
      for (const step of AFTERWARDS) shown += await play(step);

      for (const name of PAGES)
        expect({ name, missing: missingLines(await page(name), shown), shown }).toEqual({ name, missing: [], shown });
      expect(waitsFor).toEqual(WAITS_FOR);
      expect(bypassed).toEqual([REFUSED[kind], null]);
      expect(await toldIn(orchestrator)).toEqual(TOLD);
      expect(await orchestrator.verify()).toMatchObject({ ok: true, findings: [] });
    },
  );

  test('a plain call plays all these steps', async () => {
    const [, steps] = /^STEPS=\((.*?)\)$/msu.exec(await page(`${FOLDER}/story.sh`)) ?? [];

    expect(steps?.split(/\s+/u)).toEqual([...Object.keys(WAITS_FOR), ...AFTERWARDS]);
  });
});

test('both pages have the same commands, and show the same', async () => {
  const [english = '', korean = ''] = await Promise.all(PAGES.map(page));

  for (const language of ['sh', '']) expect(blocks(korean, language)).toEqual(blocks(english, language));
  expect(blocks(english, '')).not.toEqual([]);
});

/** A store, as agents reach it: on a server with a login that may not change the tables. */
async function storeOfAgents(kind: Kind, shell: Shell): Promise<string> {
  const store = await newPlace(kind);
  if (kind === 'sqlite') return store;
  const login = { user: 'company_and_home', password: 'open-sesame' };
  await shell.typeWell(`ORCHESTRATOR_STORE='${store}' orchestrator store init --roles`);
  await withAdmin(store, (sql) =>
    sql.unsafe(`CREATE ROLE ${login.user} LOGIN PASSWORD '${login.password}' IN ROLE orchestrator_app`),
  );
  onTestFinished(() =>
    withAdmin(inject('postgresUrl'), async (sql) => void (await sql.unsafe(`DROP ROLE ${login.user}`))),
  );
  return userUrl(store, login);
}

async function whatItWaitsFor(orchestrator: Orchestrator, taskId: string): Promise<string | null> {
  const why = await orchestrator.whyTask(taskId, { agent: COMPANY });
  const open = why?.conditions.find(({ name }) => name === 'dependencies_ended');
  if (why === null || open === undefined) throw new Error(`${taskId} depends on no task`);
  expect(why.claimable).toBe(open.holds);
  return open.holds ? null : (/^It waits for 1 task: (.*)\.$/u.exec(open.says)?.[1] ?? open.says);
}

/** What a database says when an agent is to hold the review of its own work. */
const REFUSED = {
  sqlite: 'no agent reviews work that it held itself',
  postgres: 'a session, its running task and the log tell of the same lease',
};

/** Writes the lease of an agent on the open review, and takes it back; answers what the database says if it refuses. */
async function takeReview(kind: Kind, store: string, agent: string): Promise<string | null> {
  const taking =
    kind === 'postgres'
      ? [...reviewing(agent), 'SET CONSTRAINTS ALL IMMEDIATE']
      : [
          `UPDATE sessions SET status = 'running', agent = '${agent}', fence = 7, token_hash = zeroblob(32), ttl_ms = 1,
             stale_after_ms = 1, lease_expires_at = 1, heartbeat_at = 1, stale_at = 1, task_id = next_task_id,
             next_task_id = NULL, next_priority = NULL, next_queued_at = NULL, next_kind = NULL, next_for = NULL
           WHERE next_kind = 'review'`,
        ];
  try {
    await statement(kind, store, ['BEGIN', ...taking, 'ROLLBACK'].join(';'));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What the log has of each task of the story. */
async function toldIn(orchestrator: Orchestrator): Promise<Record<string, string[]>> {
  const told: Record<string, string[]> = Object.fromEntries(Object.keys(TOLD).map((task) => [task, []]));
  for await (const event of everyRow((at) => orchestrator.listEvents(at))) {
    const lines = told[event.taskId ?? ''];
    const line = lineOf(event);
    if (lines !== undefined && lines.at(-1) !== line) lines.push(line);
  }
  return told;
}

function lineOf({ type, agent, payload }: EventRecord): string {
  const proof = (payload as { readonly proof?: string }).proof;
  return [type, agent, proof].filter((word) => word !== null && word !== undefined).join(' ');
}
