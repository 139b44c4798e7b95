// The promises of every agent host, in the real one; the card after a compaction; several conversations in one process.
import { expect, test } from 'vitest';
import { CodexServer } from './support/codex-server.ts';
import { codex } from './support/codex.ts';
import { cardsIn, promisesOf } from './support/promises.ts';
import { worksInSandbox } from './support/sandbox.ts';
import { ScriptedModel } from './support/scripted-model.ts';
import { Workplace } from './support/workplace.ts';

const host = await codex();
promisesOf(host);
worksInSandbox(host, 'setting');

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

test('of two conversations in one process, the work of each counts', async () => {
  await using place = await Workplace.create();
  await using model = await ScriptedModel.start();
  await place.parkAfter('6s');
  await host.prepare(place, model);
  await place.orchestrator.enqueueTask({ title: 'Write the parser' });
  using server = await CodexServer.start(place);
  const [working, other] = [await server.conversation(), await server.conversation()];
  model.play({ call: 'claim_task' }, host.shell('sleep 20'), { say: 'Hello.' }, 'hang');

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
