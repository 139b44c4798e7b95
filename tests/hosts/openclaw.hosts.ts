// The promises of every agent host, in the real one; and the turn that a Gateway takes up after it was killed.
import { expect, test } from 'vitest';
import { openClaw, openClawGateway } from './support/openclaw.ts';
import { cardsIn, promisesOf } from './support/promises.ts';
import { ScriptedModel } from './support/scripted-model.ts';
import { Workplace } from './support/workplace.ts';

promisesOf(await openClaw());

/** A Gateway that starts for the first time may start itself again. */
const TRIES = 4;
const GATEWAY_MS = 600_000;

test('the turn that a Gateway takes up after kill -9 has the card once', { timeout: GATEWAY_MS }, async () => {
  await using place = await Workplace.create();
  await using model = await ScriptedModel.start();
  const gateway = await openClawGateway(place, model);
  await place.orchestrator.enqueueTask({ title: 'Write the parser' });
  model.play({ call: 'claim_task' }, { call: 'checkpoint', input: { next_action: 'write the lexer' } }, 'hang');
  const first = await gateway.start();
  for (let tries = 0; tries < TRIES && model.requests.length < 3; tries += 1) {
    const turn = gateway.turn('Work on the next task.');
    await Promise.race([model.asked(3), turn.end()]);
    turn.killAll();
  }
  first.killAll();

  model.play({ call: 'resume' }, { call: 'release_task', input: { outcome: 'succeeded' } });
  const second = await gateway.start();
  await model.asked(3);
  second.killAll();

  expect(model.requests.map(cardsIn)).toEqual([1, 1, 1]);
  expect(model.requests[0]?.text).toContain('next action "write the lexer"');
  const { items } = await place.orchestrator.listTasks({});
  expect(items).toMatchObject([{ status: 'succeeded' }]);
});
