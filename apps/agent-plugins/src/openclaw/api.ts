/* What the plugin uses of OpenClaw, in its words. OpenClaw is the one that loads it, so nothing of it is imported. */

/** A conversation of OpenClaw: the key stays the same across restarts of the Gateway. */
export interface SessionOf {
  readonly sessionKey?: string | undefined;
  readonly agentId?: string | undefined;
}

interface ToolResult {
  readonly content: readonly { readonly type: 'text'; readonly text: string }[];
  readonly details: unknown;
}

interface NativeTool {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** `direct-only`: the model sees the tool itself, not only by a search for tools. */
  readonly catalogMode: 'direct-only';
  readonly execute: (callId: string, input: unknown, ended?: AbortSignal) => Promise<ToolResult>;
}

export interface ToolDefinition extends Omit<NativeTool, 'catalogMode' | 'execute'> {
  readonly factory: (made: { readonly toolContext: SessionOf }) => NativeTool | null;
}

/** The events that the plugin hears, each with what it uses of it. */
export interface HookEvents {
  readonly session_start: SessionOf;
  readonly session_end: SessionOf & { readonly reason?: string; readonly sessionFile?: string };
  readonly before_prompt_build: object;
  readonly before_compaction: { readonly messages?: readonly unknown[]; readonly sessionFile?: string };
  readonly after_compaction: object;
  readonly before_tool_call: { readonly toolCallId?: string };
  readonly after_tool_call: { readonly toolCallId?: string };
  readonly agent_end: { readonly messages?: readonly unknown[] };
  readonly gateway_start: object;
}

interface Injection {
  readonly sessionKey: string;
  readonly text: string;
  readonly idempotencyKey: string;
  readonly placement: 'prepend_context';
  readonly ttlMs: number;
}

export interface OpenClawApi {
  on<Name extends keyof HookEvents>(
    name: Name,
    handler: (event: HookEvents[Name], session: SessionOf) => unknown,
    options?: { readonly timeoutMs?: number },
  ): void;
  registerService(service: { readonly id: string; start(): void; stop(): void }): void;
  readonly session: {
    readonly workflow: { enqueueNextTurnInjection(injection: Injection): Promise<unknown> };
  };
  readonly logger?: { readonly warn?: (line: string) => void };
}

export interface PluginEntry {
  register: (api: OpenClawApi) => void;
}

export type DefineToolPlugin = (definition: {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tools: (tool: (definition: ToolDefinition) => unknown) => readonly unknown[];
}) => PluginEntry;
