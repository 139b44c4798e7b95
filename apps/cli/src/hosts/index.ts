import { claudeCode } from './claude-code.ts';
import { codex } from './codex.ts';
import { geminiCli } from './gemini-cli.ts';
import type { AgentHost, HostName } from './host.ts';
import { openclaw } from './openclaw.ts';

/** The agent hosts, in the order of the help. All that is known of a host is in its file. */
export const HOSTS: Readonly<Record<HostName, AgentHost>> = {
  'claude-code': claudeCode,
  codex,
  'gemini-cli': geminiCli,
  openclaw,
};
