// The plugin of OpenClaw, with what OpenClaw gives a plugin:
// - the model sees each tool itself, and a conversation holds what it claimed, not what another one did
// - a turn that OpenClaw plays for itself is no conversation
// - a local run gets the card once, and again after its context was shortened
// - under a Gateway the card is put before the next turn: at the start of a session, and when the Gateway starts, for
//   the conversations that took a task
// - a conversation at work does not keep what an idle one holds, nor end its calls of tools
// - the state is saved before a compaction; a conversation that is reset gives its task back, also if its state
//   is refused; one that restarts keeps it
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openOrchestrator, Orchestrator } from '@agent-orchestrator/runtime';
import type { DefineToolPlugin, HookEvents, OpenClawApi, SessionOf, ToolDefinition } from '../src/openclaw/api.ts';
import { openClawPlugin } from '../src/openclaw/plugin.ts';

const CARD = 'Facts from the orchestrator.';
const MAIN = 'agent:main:main';
type Handler = (event: unknown, session: SessionOf) => unknown;

let scratch: string;
let orchestrator: Orchestrator;
beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'openclaw-'));
  const store = `sqlite:${join(scratch, 'store.db')}`;
  vi.stubEnv('OPENCLAW_STATE_DIR', join(scratch, 'state'));
  vi.stubEnv('ORCHESTRATOR_STORE', store);
  orchestrator = await openOrchestrator(store, { mode: 'create' });
  await orchestrator.enqueueTask({ title: 'Write the parser' });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await orchestrator[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

/** A process of OpenClaw with the plugin. */
function openClaw() {
  const tools: ToolDefinition[] = [];
  const handlers = new Map<string, Handler>();
  const injected: Parameters<OpenClawApi['session']['workflow']['enqueueNextTurnInjection']>[0][] = [];
  const define: DefineToolPlugin = (definition) => {
    definition.tools((tool) => tools.push(tool));
    return { register: () => {} };
  };
  openClawPlugin(define).register({
    on: (name, handler) => void handlers.set(name, handler as Handler),
    registerService: () => {},
    session: { workflow: { enqueueNextTurnInjection: async (one) => void injected.push(one) } },
  });
  const native = (name: string, sessionKey: string) =>
    tools.find((tool) => tool.name === name)?.factory({ toolContext: { sessionKey } });
  return {
    injected,
    modes: () => tools.map((tool) => native(tool.name, MAIN)?.catalogMode),
    call: async (name: string, input: object = {}, sessionKey = MAIN) =>
      (await native(name, sessionKey)?.execute('1', input))?.content[0]?.text ?? '',
    fire: async <Name extends keyof HookEvents>(name: Name, event: HookEvents[Name], sessionKey = MAIN) =>
      handlers.get(name)?.(event, { sessionKey }),
  };
}

test('the model sees each tool itself, and a conversation holds what it claimed', async () => {
  const { modes, call } = openClaw();

  expect(modes()).toEqual(Array.from({ length: 6 }, () => 'direct-only'));
  expect(await call('claim_task')).toMatch(/^You hold t1 until /u);
  expect(await call('task_status', {}, 'agent:main:other')).toMatch(/^You hold no task\./u);
  expect(await call('task_status')).toMatch(/^You hold t1 until /u);
});

test('a local run gets the card once, and again after its context was shortened', async () => {
  const { call, fire } = openClaw();
  const prompt = (key = MAIN) => fire('before_prompt_build', {}, key);
  await call('claim_task');

  const internal = await prompt('agent:main:internal-session-effects:1');
  const first = (await prompt()) as { prependContext: string };
  const again = await prompt();
  await fire('after_compaction', {});
  const shortened = await prompt();

  expect([internal, again]).toEqual([undefined, undefined]);
  expect(first.prependContext.split(CARD)).toHaveLength(2);
  expect(shortened).toEqual({ prependContext: expect.stringContaining(CARD) });
});

test('under a Gateway the card is put before the next turn of those that took a task', async () => {
  const before = openClaw();
  await before.call('claim_task');
  await before.call('task_status', {}, 'agent:main:idle');
  const { injected, fire } = openClaw();

  await fire('gateway_start', {});
  await fire('session_start', { sessionKey: MAIN });

  expect(injected.map(({ sessionKey }) => sessionKey)).toEqual([MAIN, MAIN]);
  // OpenClaw keeps one of two with the same key.
  expect(new Set(injected.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  expect(injected[0]?.text).toContain(CARD);
  expect(await fire('before_prompt_build', {})).toBeUndefined();
});

test('the signs of work of one conversation say nothing of another one', async () => {
  const { fire } = openClaw();

  await fire('before_tool_call', { toolCallId: 'call' });
  await fire('agent_end', { messages: [] }, 'agent:main:idle');

  const signs = globSync('state/hosts/*/*/{tools/*,turn}', { cwd: scratch }).map((path) => path.split('/'));
  const [tool, turn] = ['tools', 'turn'].map((name) => signs.find((parts) => parts[4] === name)?.[3]);
  expect(signs).toHaveLength(2);
  expect(tool).toBeDefined();
  expect(turn).not.toBe(tool);
});

test('the state is saved before a compaction; a reset gives the task back, a restart does not', async () => {
  const { call, fire } = openClaw();
  await call('claim_task');

  await fire('before_compaction', { messages: [{ role: 'assistant', content: 'The lexer is half done.' }] });
  const saved = await orchestrator.getSession('t1');
  await fire('session_end', { reason: 'restart' });
  const restarted = await orchestrator.getTask('t1');
  writeFileSync(join(scratch, 'session.jsonl'), '{"role":"assistant","content":"All is done."}\n');
  const refused = vi.spyOn(Orchestrator.prototype, 'checkpoint').mockRejectedValue(new Error('refused'));
  await fire('session_end', { reason: 'reset', sessionFile: join(scratch, 'session.jsonl') });

  expect(refused).toHaveBeenCalledOnce();
  expect(saved?.context).toMatchObject({ lastAction: 'The lexer is half done.' });
  expect(restarted).toMatchObject({ status: 'running' });
  expect(await orchestrator.getTask('t1')).toMatchObject({ status: 'queued', attempt: 0 });
});
