// The promises of every agent host, in the real one; the turn that a Gateway takes up after it was killed; the sandbox.
import { expect, test } from 'vitest';
import { openClaw, openClawGateway, openClawInSandbox } from './support/openclaw.ts';
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

/** Its daemon needs the image `openclaw-sandbox:bookworm-slim`: `HOSTS_DOCKER=unix:///var/run/docker.sock`. */
const DOCKER = process.env['HOSTS_DOCKER'];

test.runIf(DOCKER)(
  'in its sandbox the tools are there when a person allows them',
  { timeout: GATEWAY_MS },
  async () => {
    await using place = await Workplace.create({ root: '/var/tmp' });
    await using model = await ScriptedModel.start();
    const { turn, allow } = await openClawInSandbox(place, model, DOCKER ?? '');
    await place.orchestrator.enqueueTask({ title: 'Write the parser' });
    const offered = () => (model.requests[0]?.tools ?? []).some(({ name }) => name === 'claim_task');

    model.play({ say: 'Hello.' });
    await turn('Work on the next task.').end();
    const before = offered();
    await allow('orchestrator');
    model.play({ call: 'claim_task' }, { call: 'release_task', input: { outcome: 'succeeded' } });
    await turn('Work on the next task.').end();

    const { items } = await place.orchestrator.listTasks({});
    expect([before, offered(), items]).toMatchObject([false, true, [{ status: 'succeeded' }]]);
  },
);
