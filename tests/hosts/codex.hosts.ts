// The promises of every agent host, in the real one; the card after a compaction; what works in the default sandbox;
// several conversations in one process.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CodexServer } from './support/codex-server.ts';
import { codex } from './support/codex.ts';
import { cardsIn, promisesOf } from './support/promises.ts';
import { ScriptedModel } from './support/scripted-model.ts';
import { ORCHESTRATOR, Workplace } from './support/workplace.ts';

const host = await codex();
promisesOf(host);

/** A command that the agent types in its shell. */
const shell = (words: string) => ({
  call: 'exec_command',
  input: { cmd: `${ORCHESTRATOR} ${words}`, yield_time_ms: 30_000 },
});

test('after each compaction the card stands in front of the model once', async () => {
  await using place = await Workplace.create();
  await using model = await ScriptedModel.start();
  // Less than each answer is said to have cost.
  await host.prepare(place, model, 'model_auto_compact_token_limit = 900');
  await place.orchestrator.enqueueTask({ title: 'Write the parser' });
  model.play(
    { call: 'claim_task' },
    { call: 'checkpoint', input: { next_action: 'write the lexer' } },
    { call: 'task_status' },
  );

  await host.start(place, model, 'Work on the next task.').end();

  expect(model.requests.map(cardsIn)).toEqual([0, 1, 1, 1]);
  expect(model.requests.at(-1)?.text).toContain('next action "write the lexer"');
});

test.each([
  ['no folder of the store: the tools work, the shell reads', false],
  ['the folder of the store: the shell writes, too', true],
])('in its default sandbox, with %s', async (_what, isWritable) => {
  await using place = await Workplace.create();
  await using model = await ScriptedModel.start();
  await host.prepare(place, model, 'sandbox_mode = "workspace-write"');
  // The folders of a test are below /tmp, which is writable by default.
  const roots = isWritable ? `writable_roots = [${JSON.stringify(place.folder)}]` : '';
  const sandbox = ['[sandbox_workspace_write]', 'exclude_slash_tmp = true', 'exclude_tmpdir_env_var = true', roots, ''];
  await appendFile(join(place.home, '.codex', 'config.toml'), sandbox.join('\n'));
  await place.orchestrator.enqueueTask({ title: 'Write the parser' });
  model.play({ call: 'claim_task' }, shell('resume'), shell("task create 'Review the parser'"), {
    call: 'release_task',
    input: { outcome: 'succeeded' },
  });

  await host.start(place, model, 'Work on the next task.').end();

  const { items } = await place.orchestrator.listTasks({});
  // Although the sandbox shows no host, the shell has the card of the agent that holds the task.
  expect(model.requests[2]?.text).toContain('you work as agent codex@');
  expect(model.requests[2]?.text).toContain('task t1 "Write the parser"');
  expect(model.requests[3]?.text.includes('STORE_READ_ONLY')).toBe(!isWritable);
  expect(items.map(({ title, status }) => [title, status])).toEqual([
    ['Write the parser', 'succeeded'],
    ...(isWritable ? [['Review the parser', 'queued']] : []),
  ]);
});

test('of two conversations in one process, the work of each counts', async () => {
  await using place = await Workplace.create();
  await using model = await ScriptedModel.start();
  await place.parkAfter('6s');
  await host.prepare(place, model);
  await place.orchestrator.enqueueTask({ title: 'Write the parser' });
  using server = await CodexServer.start(place);
  const [working, other] = [await server.conversation(), await server.conversation()];
  model.play({ call: 'claim_task' }, host.sleep(20), { say: 'Hello.' }, 'hang');

  await working('Work on the next task.');
  await model.asked(2);
  // Its end is what Codex tells last.
  await other('Hello.');
  await model.asked(3);
  const heardAt = performance.now();
  await model.asked(4);
  const silentMs = performance.now() - heardAt;

  const { items } = await place.orchestrator.listTasks({});
  expect(silentMs).toBeGreaterThan(12_000);
  expect(items).toMatchObject([{ status: 'running', attempt: 1 }]);
  const { items: claims } = await place.orchestrator.listEvents({ types: ['task.claimed', 'task.released'] });
  expect(claims).toHaveLength(1);
});
