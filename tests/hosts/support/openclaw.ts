import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AgentHost } from './agent-host.ts';
import { HostRun } from './host-run.ts';
import { installed } from './installed.ts';

export async function openClaw(): Promise<AgentHost> {
  const program = await installed('openclaw');
  return {
    name: 'openclaw',
    deferred: [],
    sleep: null,
    async prepare(place, model) {
      const folder = join(place.home, '.openclaw');
      await mkdir(folder, { recursive: true });
      const scripted = {
        baseUrl: model.url,
        apiKey: 'no-key',
        api: 'anthropic-messages',
        models: [{ id: 'scripted', name: 'scripted', contextWindow: 200_000, maxTokens: 8_000 }],
      };
      const settings = {
        models: { providers: { scripted } },
        agents: { defaults: { model: { primary: 'scripted/scripted' }, workspace: place.project } },
      };
      await writeFile(join(folder, 'openclaw.json'), JSON.stringify(settings));
      const run = (...words: string[]) =>
        promisify(execFile)(program, words, { env: place.env, cwd: place.project, timeout: 120_000 });
      await run('plugins', 'install', '--force', '--accept-capabilities', place.plugins.plugins.openclaw);
      // Without a Gateway, the card is put before the prompt: a person allows that.
      await run('config', 'set', 'plugins.entries.orchestrator.hooks.allowConversationAccess', 'true');
    },
    start(place, _model, prompt) {
      const words = ['agent', '--local', '--session-key', 'agent:main:main', '--message', prompt];
      return new HostRun({ program, words, folder: place.project, env: place.env });
    },
  };
}
