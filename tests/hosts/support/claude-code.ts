import type { AgentHost } from './agent-host.ts';
import { HostRun } from './host-run.ts';
import { installed } from './installed.ts';

export async function claudeCode(): Promise<AgentHost> {
  const program = await installed('claude-code');
  return {
    name: 'claude-code',
    deferred: ['enqueue_task', 'task_status'],
    prepare: async () => {},
    start(place, model, prompt, again = false) {
      const words = [
        '-p',
        prompt,
        ...(again ? ['--continue'] : []),
        `--plugin-dir=${place.plugins.plugins['claude-code']}`,
        '--permission-mode=dontAsk',
        '--allowedTools=mcp__plugin_orchestrator_orchestrator__*',
      ];
      const env = {
        ...place.env,
        ANTHROPIC_BASE_URL: model.url,
        ANTHROPIC_API_KEY: 'no-key',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
      };
      return new HostRun({ program, words, folder: place.project, env });
    },
  };
}
