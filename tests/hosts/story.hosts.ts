/*
 * One story of three hosts, in one log: Claude Code begins a task and is killed, its next session hands it off to
 * OpenClaw, which does it, and Codex approves the work. Each model reads what the one before it wrote.
 */
import { expect, test } from 'vitest';
import { agentOfHost } from '@agent-orchestrator/runtime';
import type { AgentHost } from './support/agent-host.ts';
import { claudeCode } from './support/claude-code.ts';
import { codex } from './support/codex.ts';
import { openClaw } from './support/openclaw.ts';
import { ScriptedModel, type Step } from './support/scripted-model.ts';
import { Workplace } from './support/workplace.ts';

const checkpoint = (next: string): Step => ({ call: 'checkpoint', input: { next_action: next } });

const STORY_MS = 600_000;

test('begun in Claude Code, done in OpenClaw, approved in Codex', { timeout: STORY_MS }, async () => {
  const [claude, claw, reviewing] = [await claudeCode(), await openClaw(), await codex()];
  await using place = await Workplace.create();
  const [author, worker, reviewer] = [
    agentOfHost('claude-code', place.project),
    agentOfHost('openclaw-main', ''),
    agentOfHost('codex', place.project),
  ];
  const review = { role: 'reviewer', approvals: 1 };
  await place.orchestrator.enqueueTask({ title: 'Write the parser', reviewer, review });

  /** One turn of a host. @returns all that its model read */
  const turn = async (host: AgentHost, ...steps: Step[]): Promise<string> => {
    await using model = await ScriptedModel.start();
    await host.prepare(place, model);
    model.play(...steps);
    const run = host.start(place, model, 'Work on the next task.');
    if (steps.at(-1) !== 'hang') await run.end();
    else {
      await Promise.race([model.asked(steps.length), run.end()]);
      await run.kill();
    }
    return model.requests.map(({ text }) => text).join('\n');
  };
  const handOff = { outcome: 'handed_off', to: worker, note: 'the lexer is done' };

  await turn(claude, { call: 'claim_task' }, checkpoint('write the lexer'), 'hang');
  const again = await turn(claude, { call: 'resume' }, { call: 'release_task', input: handOff });
  const done = { outcome: 'succeeded', result: { file: 'parser.ts' } };
  const working = await turn(claw, { call: 'claim_task' }, checkpoint('test it'), {
    call: 'release_task',
    input: done,
  });
  const judging = await turn(
    reviewing,
    { call: 'claim_task' },
    { call: 'release_task', input: { outcome: 'approved', note: 'well done' } },
  );

  expect(again).toContain('next action "write the lexer"');
  expect(working).toContain('the lexer is done');
  expect(judging).toContain('parser.ts');
  const task = await place.orchestrator.getTask('t1');
  expect(task).toMatchObject({ status: 'succeeded', result: { file: 'parser.ts' } });
  const { items } = await place.orchestrator.listEvents({ types: [...STORY] });
  expect(items.map(({ type, agent }) => [type, agent])).toEqual([
    ['task.claimed', author],
    ['task.released', author],
    ['task.claimed', author],
    ['task.handed_off', author],
    ['task.claimed', worker],
    ['task.review_requested', worker],
    ['task.claimed', reviewer],
    ['task.succeeded', reviewer],
    ['task.approved', reviewer],
  ]);
  expect(await place.orchestrator.verify({})).toMatchObject({ ok: true });
});

const STORY = [
  'task.claimed',
  'task.released',
  'task.handed_off',
  'task.review_requested',
  'task.approved',
  'task.succeeded',
] as const;
