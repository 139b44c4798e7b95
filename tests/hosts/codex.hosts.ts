// The promises of every agent host, in the real one; and the card after a compaction.
import { expect, test } from 'vitest';
import { codex } from './support/codex.ts';
import { cardsIn, promisesOf } from './support/promises.ts';
import { ScriptedModel } from './support/scripted-model.ts';
import { Workplace } from './support/workplace.ts';

const host = await codex();
promisesOf(host);

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
