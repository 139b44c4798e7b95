/* What holds in every host. */
import { setTimeout as pause } from 'node:timers/promises';
import { encode } from 'gpt-tokenizer';
import { expect, test } from 'vitest';
import { Random } from '../../../packages/storage-conformance/src/processes/random.ts';
import type { AgentHost } from './agent-host.ts';
import { isCalled, ScriptedModel, type ModelRequest, type Step } from './scripted-model.ts';
import { Workplace } from './workplace.ts';

const TOOLS = ['resume', 'claim_task', 'checkpoint', 'release_task', 'enqueue_task', 'task_status'];
const LIST_TOKENS_MAX = 1_000;
const CARD_TOKENS_MAX = 2_500;
/** The first sentence of a card. */
const CARD = 'Facts from the orchestrator.';

/** How often each host is killed: `HOSTS_KILLS=50 npm run test:hosts`. `HOSTS_SEED` repeats a run. */
const KILLS = Number(process.env['HOSTS_KILLS'] ?? 3);
const SEED = Number(process.env['HOSTS_SEED'] ?? Date.now() % 1_000_000);
/** Of one kill: two runs of the slowest host on a busy machine. */
const KILL_MS = 240_000;

export function promisesOf(host: AgentHost): void {
  test('the model is offered the tools, and works through a task with them', async () => {
    const tokens = await worksThrough(host);
    console.log(`${host.name}: the list of tools is ${tokens} tokens`);
    expect(tokens).toBeLessThanOrEqual(LIST_TOKENS_MAX);
  });

  test('a tool that runs for long is work, and a model that says nothing is not', async () => {
    const kept = await keptWhileToolRuns(host, host.shell(`sleep ${TOOL_SECONDS}`));
    expect(kept).toEqual({ afterTool: 'held', afterSilence: 'given back' });
  });

  test(
    `after kill -9 of the host, the next one continues (${KILLS} times, HOSTS_SEED=${SEED})`,
    async () => {
      const random = new Random(SEED, host.name);
      let longest = 0;
      for (let kill = 1; kill <= KILLS; kill++) longest = Math.max(longest, await goesOnAfterKill(host, random, kill));
      console.log(`${host.name}: ${KILLS} of ${KILLS} kept; the longest card is ${longest} tokens`);
      expect(longest).toBeLessThanOrEqual(CARD_TOKENS_MAX);
    },
    KILL_MS * KILLS,
  );
}

/** How much of a conversation a test that fails shows, in characters. */
const TOLD_MAX = 3_000;

/** How long nothing may be done, and how long a tool of the host takes. */
const PARK_AFTER = '6s';
const TOOL_SECONDS = 15;

/** What became of a task while a tool took longer than the bound, and then the model said nothing for so long. */
async function keptWhileToolRuns(host: AgentHost, tool: Step) {
  await using place = await Workplace.create();
  await using model = await ScriptedModel.start();
  await place.parkAfter(PARK_AFTER);
  await host.prepare(place, model);
  await place.orchestrator.enqueueTask({ title: 'Build it' });
  model.play({ call: 'claim_task' }, tool, 'hang');
  const run = host.start(place, model, 'Work on the next task.');
  const isHeld = async () => (await place.orchestrator.listTasks({ status: ['running'] })).items.length === 1;

  await Promise.race([model.asked(3), run.end()]);
  const afterTool = (await isHeld()) ? 'held' : 'given back';
  const isParked = await until(async () => !(await isHeld()));
  run.killAll();
  return { afterTool, afterSilence: isParked ? 'given back' : 'held' };
}

async function until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await pause(200)) if (await holds()) return true;
  return false;
}

/** How often the card stands in what a model would read. */
export function cardsIn(request: ModelRequest | undefined): number {
  return (request?.text ?? '').split(CARD).length - 1;
}

/** @returns how many tokens the list of tools has, as it was sent */
async function worksThrough(host: AgentHost): Promise<number> {
  await using place = await Workplace.create();
  await using model = await ScriptedModel.start();
  await host.prepare(place, model);
  await place.orchestrator.enqueueTask({ title: 'Write the parser' });
  model.play(
    { call: 'claim_task' },
    { call: 'checkpoint', input: { next_action: 'write the lexer' } },
    { call: 'release_task', input: { outcome: 'succeeded', result: { file: 'parser.ts' } } },
  );

  await host.start(place, model, 'Work on the next task.').end();

  const [first] = model.requests;
  expect(toolsOf(first)).toEqual(TOOLS.filter((tool) => !host.deferred.includes(tool)));
  // Nothing was held, and nothing waited for this agent by name.
  expect(first?.text).not.toContain(CARD);
  const { items } = await place.orchestrator.listTasks({});
  expect(items).toMatchObject([{ status: 'succeeded', result: { file: 'parser.ts' } }]);
  expect(await place.orchestrator.verify({})).toMatchObject({ ok: true });
  return tokensOfList(first);
}

/** @returns how many tokens the card of the second start has */
async function goesOnAfterKill(host: AgentHost, random: Random, kill: number): Promise<number> {
  await using place = await Workplace.create();
  await using model = await ScriptedModel.start();
  await host.prepare(place, model);
  await place.orchestrator.enqueueTask({ title: `Task ${kill}` });
  // Killed while the model thinks, after some checkpoints, or in the middle of the last call of a tool.
  const saved = random.between(1, 3);
  const last: Step = random.chance(0.5) ? 'hang' : { call: 'task_status' };
  const steps = Array.from({ length: saved }, (_, turn) => ({
    call: 'checkpoint',
    input: { next_action: `step ${turn + 1} of kill ${kill}`, memory_ref: `branch-${kill}` },
  }));
  model.play({ call: 'claim_task' }, ...steps, last);
  const first = host.start(place, model, 'Work on the next task.');
  await Promise.race([model.asked(saved + 2), first.end()]);
  await pause(random.between(0, 100));
  await first.kill();

  model.play({ call: 'resume' }, { call: 'release_task', input: { outcome: 'succeeded' } });
  await host.start(place, model, 'Continue.', random.chance(0.5)).end();

  const text = model.requests[0]?.text ?? '';
  const cards = text.split(CARD).slice(1);
  expect(cards).toEqual([expect.stringContaining(`step ${saved} of kill ${kill}`)]);
  const { items: tasks } = await place.orchestrator.listTasks({});
  // What the model was told last says why it could not.
  expect(tasks, `kill ${kill}: ${model.requests.at(-1)?.text.slice(-TOLD_MAX)}`).toMatchObject([
    { status: 'succeeded' },
  ]);
  const { items: ends } = await place.orchestrator.listEvents({ types: ['task.succeeded'] });
  expect(ends).toHaveLength(1);
  expect(await place.orchestrator.verify({})).toMatchObject({ ok: true });
  return tokensOfCard(CARD + (cards[0] ?? ''));
}

function toolsOf(request: ModelRequest | undefined): string[] {
  const offered = request?.tools ?? [];
  return TOOLS.filter((tool) => offered.some(({ name }) => isCalled(name, tool)));
}

function tokensOfList(request: ModelRequest | undefined): number {
  const ours = (request?.tools ?? []).filter(({ name }) => TOOLS.some((tool) => isCalled(name, tool)));
  return encode(JSON.stringify(ours.map(({ sent }) => sent))).length;
}

function tokensOfCard(text: string): number {
  return encode(text.split('\n\n\n')[0] ?? '').length;
}
