// The promises of every agent host, in the real one; and the card after a compaction and after /clear.
import { expect, test } from 'vitest';
import { claudeCode, claudeConversation } from './support/claude-code.ts';
import { cardsIn, promisesOf } from './support/promises.ts';
import { worksInSandbox } from './support/sandbox.ts';
import { ScriptedModel } from './support/scripted-model.ts';
import { Workplace } from './support/workplace.ts';

const claude = await claudeCode();
promisesOf(claude);
worksInSandbox(claude, 'setting');

test('after a compaction, and after /clear, the card stands in front of the model once', async () => {
  await using place = await Workplace.create();
  await using model = await ScriptedModel.start();
  await place.orchestrator.enqueueTask({ title: 'Write the parser' });
  const { host, say } = await claudeConversation(place, model);
  model.play({ call: 'claim_task' }, { call: 'checkpoint', input: { next_action: 'write the lexer' } });
  say('Work on the next task.');
  await host.says('"type":"result"');
  say('/compact');
  await host.says('"subtype":"compact_boundary"');
  await host.says('"type":"result"');

  model.play({ say: 'Done.' });
  say('Continue.');
  await host.says('"type":"result"');
  const [compacted] = model.requests;
  say('/clear');
  await host.says('"type":"conversation_reset"');
  model.play({ say: 'Done.' });
  say('And now?');
  await model.asked(1);
  const [cleared] = model.requests;
  host.killAll();

  expect([cardsIn(compacted), cardsIn(cleared)]).toEqual([1, 1]);
  for (const request of [compacted, cleared]) expect(request?.text).toContain('next action "write the lexer"');
});
