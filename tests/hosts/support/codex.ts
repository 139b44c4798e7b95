import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SandboxingHost } from './agent-host.ts';
import { HostRun } from './host-run.ts';
import { installed } from './installed.ts';

const NO_SANDBOX = 'sandbox_mode = "danger-full-access"';

export async function codex(): Promise<SandboxingHost> {
  const program = await installed('codex');
  return {
    name: 'codex',
    deferred: [],
    shell: (cmd) => ({ call: 'exec_command', input: { cmd, yield_time_ms: 60_000 } }),
    async prepare(place, model, setting = '') {
      model.lookAgain = { call: 'exec_command', input: { cmd: 'sleep 0.5', yield_time_ms: 10_000 } };
      const folder = join(place.home, '.codex');
      await mkdir(folder, { recursive: true });
      const settings = [
        setting,
        'model = "gpt-5.4"',
        'model_provider = "scripted"',
        'approval_policy = "never"',
        NO_SANDBOX,
        '[model_providers.scripted]',
        'name = "scripted"',
        `base_url = "${model.url}/v1"`,
        'env_key = "SCRIPTED_KEY"',
        'wire_api = "responses"',
        '',
      ];
      await writeFile(join(folder, 'config.toml'), settings.join('\n'));
      const run = (...words: string[]) => promisify(execFile)(program, words, { env: place.env, cwd: place.project });
      await run('plugin', 'marketplace', 'add', place.plugins.folder);
      await run('plugin', 'add', 'orchestrator@orchestrator');
    },
    async sandbox(place, writable) {
      const file = join(place.home, '.codex', 'config.toml');
      const settings = (await readFile(file, 'utf8')).replace(NO_SANDBOX, 'sandbox_mode = "workspace-write"');
      const roots = writable === undefined ? '' : `writable_roots = [${JSON.stringify(writable)}]`;
      await writeFile(file, [settings, '[sandbox_workspace_write]', roots, ''].join('\n'));
    },
    start(place, _model, prompt, again = false) {
      const words = [
        'exec',
        ...(again ? ['resume', '--last'] : []),
        '--skip-git-repo-check',
        '--dangerously-bypass-hook-trust',
        prompt,
      ];
      const env = { ...place.env, SCRIPTED_KEY: 'no-key' };
      return new HostRun({ program, words, folder: place.project, env });
    },
  };
}
