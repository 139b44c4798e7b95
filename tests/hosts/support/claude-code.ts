import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxingHost } from './agent-host.ts';
import { HostRun } from './host-run.ts';
import { installed } from './installed.ts';
import type { ScriptedModel } from './scripted-model.ts';
import type { Workplace } from './workplace.ts';

export async function claudeCode(): Promise<SandboxingHost> {
  const program = await installed('claude-code');
  return {
    name: 'claude-code',
    deferred: ['enqueue_task', 'task_status'],
    shell: (command) => ({ call: 'Bash', input: { command } }),
    prepare: async () => {},
    async sandbox(place, writable) {
      const folder = join(place.home, '.claude');
      await mkdir(folder, { recursive: true });
      const filesystem = { allowWrite: writable === undefined ? [] : [writable] };
      const sandbox = { enabled: true, failIfUnavailable: true, allowUnsandboxedCommands: false, filesystem };
      await writeFile(join(folder, 'settings.json'), JSON.stringify({ sandbox }));
    },
    start: (place, model, prompt, again = false) =>
      run(program, place, model, ['-p', prompt, ...(again ? ['--continue'] : [])]),
  };
}

/** A conversation of several prompts in one process. */
export async function claudeConversation(place: Workplace, model: ScriptedModel): Promise<Conversation> {
  const words = ['-p', '--verbose', '--input-format=stream-json', '--output-format=stream-json'];
  const host = run(await installed('claude-code'), place, model, words, 'pipe');
  return {
    host,
    say: (content) => host.write(`${JSON.stringify({ type: 'user', message: { role: 'user', content } })}\n`),
  };
}

interface Conversation {
  readonly host: HostRun;
  readonly say: (prompt: string) => void;
}

function run(
  program: string,
  place: Workplace,
  model: ScriptedModel,
  words: readonly string[],
  input: 'ignore' | 'pipe' = 'ignore',
): HostRun {
  const ours = [
    `--plugin-dir=${place.plugins.plugins['claude-code']}`,
    '--permission-mode=dontAsk',
    '--allowedTools=mcp__plugin_orchestrator_orchestrator__*,Bash',
  ];
  const env = {
    ...place.env,
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: 'no-key',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  };
  return new HostRun({ program, words: [...words, ...ours], folder: place.project, env, input });
}
