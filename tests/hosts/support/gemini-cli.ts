import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AgentHost } from './agent-host.ts';
import { HostRun } from './host-run.ts';
import { installed } from './installed.ts';

export async function geminiCli(): Promise<AgentHost> {
  const program = await installed('gemini-cli');
  return {
    name: 'gemini-cli',
    deferred: [],
    sleep: (seconds) => ({ call: 'run_shell_command', input: { command: `sleep ${seconds}` } }),
    async prepare(place, model) {
      const folder = join(place.home, '.gemini');
      await mkdir(folder, { recursive: true });
      const settings = {
        security: { auth: { selectedType: 'gemini-api-key' } },
        general: { disableAutoUpdate: true },
        privacy: { usageStatisticsEnabled: false },
      };
      await writeFile(join(folder, 'settings.json'), JSON.stringify(settings));
      const words = ['extensions', 'install', place.plugins.plugins['gemini-cli'], '--consent'];
      await promisify(execFile)(program, words, { env: envOf(place.env, model.url), cwd: place.project });
    },
    start(place, model, prompt, again = false) {
      // A named model: else another one is asked first which to take.
      const words = [
        '-p',
        prompt,
        '--model',
        'gemini-2.5-pro',
        '--approval-mode',
        'yolo',
        ...(again ? ['--resume', 'latest'] : []),
      ];
      return new HostRun({ program, words, folder: place.project, env: envOf(place.env, model.url) });
    },
  };
}

function envOf(env: Record<string, string>, url: string): Record<string, string> {
  return {
    ...env,
    GOOGLE_GEMINI_BASE_URL: url,
    GEMINI_API_KEY: 'no-key',
    GEMINI_CLI_TRUST_WORKSPACE: 'true',
  };
}
