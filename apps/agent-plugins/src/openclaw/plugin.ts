/** The plugin of OpenClaw. It is loaded into the process of the Gateway, or of a single local run. */
import { giveBack, lastEntries, toolBegan, toolEnded, turnEnded } from '@agent-orchestrator/runtime';
import { printable } from '@agent-orchestrator/runtime/printable';
import { AGENT_TOOLS } from 'agent-orchestrator-mcp-server/in-process';
import { saveWork } from '../hook/save-work.ts';
import { workState } from '../hook/work-state.ts';
import { DESCRIPTION, PLUGIN_NAME } from '../manifests/files.ts';
import type { DefineToolPlugin, HookEvents, OpenClawApi, PluginEntry, ToolDefinition } from './api.ts';
import { Cards } from './cards.ts';
import { Conversations, type Conversation } from './conversations.ts';

/** How long a hook may take. OpenClaw continues without it. */
const HOOK_MS = 5_000;
/** All plugins share two seconds when OpenClaw ends. */
const END_MS = 1_200;

/** Why a session ended, where its work is over: its tasks go back. Otherwise the work continues under the same key. */
const OVER: ReadonlySet<string> = new Set(['new', 'reset', 'deleted', 'idle']);

/** Lines for people. */
interface Log {
  warn: (line: string) => void;
}

/** @param define what OpenClaw defines plugins of tools with */
export function openClawPlugin(define: DefineToolPlugin): PluginEntry {
  const log: Log = { warn: () => {} };
  const conversations = new Conversations((line) => log.warn(line));
  const entry = define({
    id: PLUGIN_NAME,
    name: 'Agent Orchestrator',
    description: DESCRIPTION,
    tools: (tool) => toolsOf(conversations).map(tool),
  });
  const { register } = entry;
  entry.register = (api) => {
    register(api);
    log.warn = (line) => api.logger?.warn?.(`${PLUGIN_NAME}: ${printable(line)}`);
    listen(api, conversations, log);
  };
  return entry;
}

function toolsOf(conversations: Conversations): ToolDefinition[] {
  return AGENT_TOOLS.map((tool) => {
    const { name, description, schema: parameters } = tool;
    const shown = { name, label: name, description, parameters };
    return {
      ...shown,
      factory: ({ toolContext }) => ({
        ...shown,
        catalogMode: 'direct-only',
        async execute(_callId, input, ended = new AbortController().signal) {
          const conversation = await conversations.of(toolContext);
          if (conversation === null) throw new Error('OpenClaw did not say which conversation calls.');
          const { content, isError = false } = await conversation.calls.run(tool, input, ended, conversation.key);
          if (conversation.side.contextFor(conversation.key).held.all.length > 0) conversations.remember(conversation);
          return { content, details: { is_error: isError } };
        },
      }),
    };
  });
}

function listen(api: OpenClawApi, conversations: Conversations, log: Log): void {
  const cards = new Cards(api, conversations);

  /** A hook that fails says so, and OpenClaw continues. */
  const on = <Name extends keyof HookEvents>(
    name: Name,
    handle: (conversation: Conversation, event: HookEvents[Name]) => unknown,
    timeoutMs = HOOK_MS,
  ) =>
    api.on(
      name,
      async (event, session) => {
        try {
          const conversation = await conversations.of({ ...session, ...('sessionKey' in event && event) });
          return conversation === null ? undefined : await handle(conversation, event);
        } catch (error) {
          log.warn(`${name}: ${error instanceof Error ? error.message : String(error)}`);
          return undefined;
        }
      },
      { timeoutMs },
    );

  on('session_start', (conversation) => cards.begin(conversation));
  on('before_prompt_build', (conversation) => cards.beforePrompt(conversation));
  on('before_compaction', (conversation, { messages, sessionFile }) =>
    save(conversation, messages ?? entriesOf(sessionFile)),
  );
  on('after_compaction', (conversation) => cards.begin(conversation));
  on('before_tool_call', ({ side, key }, { toolCallId = '' }) => toolBegan(side.signsFor(key), toolCallId));
  on('after_tool_call', ({ side, key }, { toolCallId = '' }) => toolEnded(side.signsFor(key), toolCallId));
  on('agent_end', (conversation, { messages = [] }) => {
    turnEnded(conversation.side.signsFor(conversation.key));
    return save(conversation, messages);
  });
  on(
    'session_end',
    async (conversation, { reason = '', sessionFile }) => {
      if (!OVER.has(reason)) return;
      try {
        await save(conversation, entriesOf(sessionFile));
      } finally {
        await park(conversation);
      }
    },
    END_MS,
  );
  api.on('gateway_start', async () => {
    await cards.gatewayStarted().catch((error: unknown) => log.warn(`gateway_start: ${String(error)}`));
  });
  api.registerService({ id: PLUGIN_NAME, start: () => {}, stop: () => void conversations.close() });

  async function save({ side, key }: Conversation, entries: readonly unknown[]): Promise<void> {
    const leases = side.contextFor(key).held.holdings.held();
    if (leases.length === 0) return;
    const store = await conversations.store();
    await store.use('existing', (orchestrator) => saveWork(orchestrator, leases, workState(entries, null)));
  }

  async function park({ side, key }: Conversation): Promise<void> {
    const { holdings } = side.contextFor(key).held;
    const leases = holdings.held();
    if (leases.length === 0) return;
    const store = await conversations.store();
    await store.use('existing', (orchestrator) => giveBack(orchestrator, leases, { why: 'session_ended' }));
    for (const lease of leases) holdings.remove(lease);
  }
}

function entriesOf(sessionFile: string | undefined): readonly unknown[] {
  return sessionFile === undefined ? [] : lastEntries(sessionFile);
}
