import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AgentHost } from './agent-host.ts';
import { HostRun } from './host-run.ts';
import { installed } from './installed.ts';
import type { ScriptedModel } from './scripted-model.ts';
import type { Workplace } from './workplace.ts';

export async function openClaw(): Promise<AgentHost> {
  const program = await installed('openclaw');
  return {
    name: 'openclaw',
    deferred: [],
    // Without the last one, it continues without the answer.
    shell: (command) => ({ call: 'exec', input: { command, yieldMs: 60_000 } }),
    async prepare(place, model) {
      await prepare(program, place, model, {});
      // Without a Gateway, the card is put before the prompt: a person allows that.
      await call(program, place, 'config', 'set', `${HOOKS}.allowConversationAccess`, 'true');
    },
    start: (place, _model, prompt) => turn(program, place, prompt, '--local'),
  };
}

const HOOKS = 'plugins.entries.orchestrator.hooks';

/** A Gateway with the plugin, which a person has allowed nothing more. */
export async function openClawGateway(place: Workplace, model: ScriptedModel): Promise<Gateway> {
  const program = await installed('openclaw');
  const auth = { mode: 'token', token: randomUUID() };
  const port = await freePort();
  await prepare(program, place, model, { gateway: { mode: 'local', port, bind: 'loopback', auth } });
  return {
    async start() {
      const gateway = new HostRun({ program, words: ['gateway', 'run'], folder: place.project, env: place.env });
      await gateway.says('[gateway] ready', 120_000);
      return gateway;
    },
    turn: (prompt) => turn(program, place, prompt),
  };
}

/**
 * Turns in the sandbox, whose containers Docker makes.
 *
 * @param docker the address of its daemon, which has the image of the sandbox
 */
export async function openClawInSandbox(place: Workplace, model: ScriptedModel, docker: string) {
  const program = await installed('openclaw');
  const env = { ...place.env, DOCKER_HOST: docker };
  await prepare(program, place, model, {});
  const set = (key: string, value: string) =>
    promisify(execFile)(program, ['config', 'set', key, value], { env, timeout: 120_000 });
  await set('agents.defaults.sandbox.mode', 'all');
  return {
    turn: (prompt: string) => turn(program, { project: place.project, env }, prompt, '--local'),
    allow: (tool: string) => set('tools.sandbox.tools.alsoAllow', JSON.stringify([tool])),
  };
}

interface Gateway {
  readonly start: () => Promise<HostRun>;
  readonly turn: (prompt: string) => HostRun;
}

async function prepare(program: string, place: Workplace, model: ScriptedModel, more: object): Promise<void> {
  const folder = join(place.home, '.openclaw');
  await mkdir(folder, { recursive: true });
  const scripted = {
    baseUrl: model.url,
    apiKey: 'no-key',
    api: 'anthropic-messages',
    models: [{ id: 'scripted', name: 'scripted', contextWindow: 200_000, maxTokens: 8_000 }],
  };
  const settings = {
    ...more,
    models: { providers: { scripted } },
    agents: { defaults: { model: { primary: 'scripted/scripted' }, workspace: place.project } },
  };
  await writeFile(join(folder, 'openclaw.json'), JSON.stringify(settings));
  await call(program, place, 'plugins', 'install', '--force', '--accept-capabilities', place.plugins.plugins.openclaw);
}

async function call(program: string, place: Workplace, ...words: string[]): Promise<void> {
  await promisify(execFile)(program, words, { env: place.env, cwd: place.project, timeout: 120_000 });
}

function turn(program: string, place: Pick<Workplace, 'project' | 'env'>, prompt: string, ...more: string[]): HostRun {
  const words = ['agent', ...more, '--session-key', 'agent:main:main', '--message', prompt];
  return new HostRun({ program, words, folder: place.project, env: place.env });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
