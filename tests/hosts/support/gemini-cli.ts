import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SandboxingHost } from './agent-host.ts';
import { HostRun } from './host-run.ts';
import { installed } from './installed.ts';

export async function geminiCli(): Promise<SandboxingHost> {
  const program = await installed('gemini-cli');
  return {
    name: 'gemini-cli',
    deferred: [],
    shell: (command) => ({ call: 'run_shell_command', input: { command } }),
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
    // On Linux no setting of this version lets a command write a folder more: it asks the person for each call.
    async sandbox(place) {
      const file = join(place.home, '.gemini', 'settings.json');
      const { security, ...settings } = JSON.parse(await readFile(file, 'utf8')) as { security: object };
      await writeFile(file, JSON.stringify({ ...settings, security: { ...security, toolSandboxing: true } }));
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
