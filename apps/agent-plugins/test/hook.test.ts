// The hook as the hosts call it, as the command line is built:
// - nothing is held and nothing waits, no store, input that is no event, a store that is broken: nothing, exit
//   status 0; what is said of it on standard error is one line without controls
// - a store that a server makes at the same moment is in no way
// - a lease: the card at the start; the state at the end of a turn, without what the model saved; parked at the end,
//   but not when the host continues with another session; also if its state is refused
// - several conversations in one process: each saves and gives back what is its own
// - a transcript that is a pipe, and an input that does not end: the host is not kept waiting
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import {
  agentOfHost,
  endConversation,
  Holdings,
  isGivenBackNote,
  openOrchestrator,
  Orchestrator,
  registerHost,
} from '@agent-orchestrator/runtime';

import { readEvent } from '../src/hook/events.ts';
import { saveTurn } from '../src/hook/save-turn.ts';

const HOOK = fileURLToPath(new URL('../../cli/bin/hook.js', import.meta.url));
const CARD = 'Facts from the orchestrator.';

const scratch = mkdtempSync(join(tmpdir(), 'hook-'));
const store = `sqlite:${join(scratch, 'store.db')}`;
const project = join(scratch, 'project');
const agent = agentOfHost('claude-code', project);
let orchestrator: Orchestrator;

beforeAll(async () => {
  vi.stubEnv('OPENCLAW_STATE_DIR', join(scratch, 'state'));
  for (const folder of [join(scratch, 'state'), project]) mkdirSync(folder);
  orchestrator = await openOrchestrator(store, { mode: 'create' });
});
afterAll(async () => {
  await orchestrator[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

/** This process is the host. */
async function hook(event: string, input: object | string, at = store): Promise<{ exit: number; output: string }> {
  const { exit, output } = await told(event, input, at);
  return { exit, output };
}

async function told(
  event: string,
  input: object | string,
  at = store,
  flags: readonly string[] = [],
): Promise<{ exit: number; output: string; said: string }> {
  const env = { PATH: process.env['PATH'], HOME: scratch, OPENCLAW_STATE_DIR: join(scratch, 'state') };
  const child = spawn(process.execPath, [...flags, HOOK, 'claude-code', event], {
    cwd: project,
    env: { ...env, ORCHESTRATOR_STORE: at },
  });
  child.stdin.end(typeof input === 'string' ? input : JSON.stringify({ session_id: 'one', ...input }));
  const exited = once(child, 'exit') as Promise<[number]>;
  const [output, said, [exit]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { exit, output, said };
}

const NOTHING = { exit: 0, output: '' };

test('in a Node that is too old it says so, and the host continues', async () => {
  const old = join(scratch, 'old.cjs');
  writeFileSync(old, 'delete process.getBuiltinModule;');

  const { exit, output, said } = await told('SessionStart', {}, store, [`--require=${old}`]);

  expect([exit, output, said]).toEqual([0, '', expect.stringMatching(/^orchestrator: TypeError: [^\n]*\n$/u)]);
});

test('it prints nothing where there is nothing to tell, and where it fails', async () => {
  const broken = join(scratch, 'broken.db');
  writeFileSync(broken, 'no database');

  expect(await hook('SessionStart', { source: 'startup' })).toEqual(NOTHING);
  expect(await hook('SessionStart', { source: 'startup' }, `sqlite:${join(scratch, 'missing.db')}`)).toEqual(NOTHING);
  expect(await hook('SessionStart', { source: 'startup' }, `sqlite:${broken}`)).toEqual(NOTHING);
  const escape = '\u001b]0;title\u0007';
  expect(await told('Stop', escape)).toEqual({ ...NOTHING, said: expect.stringMatching(/^orchestrator: \P{Cc}+\n$/u) });
  expect(await hook('NoSuchEvent', {})).toEqual(NOTHING);
});

test('it opens the store together with a server that makes it', async () => {
  const fresh = `sqlite:${join(scratch, 'fresh.db')}`;
  const makeStore = async () => {
    await using server = await openOrchestrator(fresh, { mode: 'create' });
    for (let count = 0; count < 50; count += 1) await server.enqueueTask({ title: 'a' });
    await server.claimTask({ agent });
    return (await server.verify()).findings;
  };

  const [findings, early, late] = await Promise.all([
    makeStore(),
    hook('SessionStart', { source: 'startup' }, fresh),
    hook('Stop', {}, fresh),
  ]);
  const after = await hook('SessionStart', { source: 'resume' }, fresh);

  expect([findings, early.exit, late]).toEqual([[], 0, NOTHING]);
  expect(after.output).toContain(CARD);
});

test('it shows a task that is held, saves its state, and parks it at the end', async () => {
  await orchestrator.enqueueTask({ title: 'Write the parser' });
  const claimed = await orchestrator.claimTask({ agent });
  if (!claimed.ok) throw new Error('nothing was claimed');
  await orchestrator.checkpoint({ token: claimed.lease.token, nextAction: 'write the lexer', memoryRef: 'branch-7' });
  const host = registerHost({ isThisProcess: true, name: 'claude-code', agent });
  const holdings = Holdings.of(host, { store, namespace: 'default', agent });
  holdings.add(claimed, 'one');

  const { output } = await hook('SessionStart', { source: 'compact' });
  const { hookSpecificOutput } = JSON.parse(output) as { hookSpecificOutput: Record<string, string> };
  expect(hookSpecificOutput).toMatchObject({ hookEventName: 'SessionStart', additionalContext: expect.any(String) });
  expect(hookSpecificOutput['additionalContext']?.split(CARD)).toHaveLength(2);
  expect(hookSpecificOutput['additionalContext']).toContain('next action "write the lexer"');

  // To open a pipe that has no writer would never end.
  const pipe = join(scratch, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const said = { last_assistant_message: 'The lexer is half done.', transcript_path: pipe };
  expect(await hook('Stop', said)).toEqual(NOTHING);
  const saved = await orchestrator.getSession(claimed.task.sessionId);
  expect(saved?.context).toMatchObject({
    turn: 2,
    lastAction: 'The lexer is half done.',
    nextAction: 'write the lexer',
    memoryRef: 'branch-7',
  });

  expect(await hook('SessionEnd', { reason: 'clear' })).toEqual(NOTHING);
  expect(holdings.list()).toHaveLength(1);

  expect(await hook('SessionEnd', { reason: 'other' })).toEqual(NOTHING);
  expect(holdings.list()).toEqual([]);
  const task = await orchestrator.getTask(claimed.task.id);
  expect(task).toMatchObject({ status: 'queued', attempt: 0 });
  expect(isGivenBackNote(agent, task?.note ?? null)).toBe(true);
});

test('a session that cannot be saved gives its tasks back, and one task is in the way of no other', async () => {
  vi.stubEnv('ORCHESTRATOR_STORE', store);
  const host = registerHost({ isThisProcess: true, name: 'claude-code', agent });
  const holdings = Holdings.of(host, { store, namespace: 'default', agent });
  const sessions: string[] = [];
  for (const title of ['a', 'b']) {
    await orchestrator.enqueueTask({ title });
    const claimed = await orchestrator.claimTask({ agent });
    if (claimed.ok) sessions.push(holdings.add(claimed, 'one').sessionId);
  }
  const refused = vi.spyOn(Orchestrator.prototype, 'checkpoint').mockRejectedValueOnce(new Error('refused'));
  const transcript = join(scratch, 'transcript.jsonl');
  writeFileSync(transcript, '{"name":"Write","input":{"file_path":"lexer.ts"}}\n');
  const event = readEvent('claude-code', 'SessionEnd', { transcript_path: transcript, reason: 'other' })!;

  await expect(saveTurn(host, event, true)).rejects.toThrow('refused');

  const saved = await Promise.all(sessions.map(async (id) => (await orchestrator.getSession(id))?.context?.data));
  expect(refused).toHaveBeenCalledTimes(2);
  expect(saved.filter(Boolean)).toEqual([{ at_turn_end: { files: ['lexer.ts'] } }]);
  expect(holdings.list()).toEqual([]);
});

test('of several conversations in one process, each saves and gives back what is its own', async () => {
  vi.stubEnv('ORCHESTRATOR_STORE', store);
  const host = registerHost({ isThisProcess: true, name: 'codex', agent });
  const holdings = Holdings.of(host, { store, namespace: 'default', agent });
  const sessions: string[] = [];
  // No hook tells of a subagent, which has an id of its own.
  for (const conversation of ['one', 'two', 'subagent']) {
    if (conversation !== 'subagent') registerHost({ isThisProcess: true, conversation, transcript: null });
    await orchestrator.enqueueTask({ title: conversation });
    const claimed = await orchestrator.claimTask({ agent });
    if (claimed.ok) sessions.push(holdings.add(claimed, conversation).sessionId);
  }
  const tell = (event: string, id: string, isOver: boolean) =>
    saveTurn(host, readEvent('codex', event, { session_id: id, last_assistant_message: `said in ${id}` })!, isOver);

  await tell('Stop', 'two', false);
  endConversation(host, 'two');
  await tell('SessionEnd', 'two', true);
  const saved = await Promise.all(sessions.map(async (id) => (await orchestrator.getSession(id))?.context?.lastAction));
  const held = holdings.list().map(({ conversation }) => conversation);
  // The person began anew: what is held is of the conversation that continues.
  endConversation(host, 'one');
  await tell('SessionEnd', 'three', true);

  expect(saved.filter((said) => said?.startsWith('said in'))).toEqual(['said in two']);
  expect([new Set(held), holdings.list()]).toEqual([new Set(['one', 'subagent']), []]);
});

test('a host that does not end its input is not kept waiting', async () => {
  const env = { PATH: process.env['PATH'], HOME: scratch };
  const child = spawn(process.execPath, [HOOK, 'claude-code', 'SessionEnd'], {
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));

  expect(await once(child, 'exit')).toEqual([0, null]);
}, 10_000);
