import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Orchestrator } from '@agent-orchestrator/core';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { ToolText } from './workplace.ts';

/** The built command line, as hosts start it. */
export const PROGRAM = fileURLToPath(new URL('../../../cli/bin/orchestrator.js', import.meta.url));

/** What a host asks for: Claude Code the newest, the others one of 2025. */
export const ERAS = { modern: { pin: '2026-07-28' }, legacy: 'legacy' } as const;
export type Era = keyof typeof ERAS;

export interface StartOptions {
  readonly era?: Era;
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A folder with a store, as a person has them. */
export class Machine implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'mcp-'));
  readonly path = join(this.folder, 'store.db');
  readonly url = `sqlite:${this.path}`;

  get env(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: this.folder,
      ORCHESTRATOR_STORE: this.url,
      ORCHESTRATOR_AGENT: 'company-agent',
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
    };
  }

  /** What others do with the store. */
  async others<R>(use: (orchestrator: Orchestrator) => Promise<R>): Promise<R> {
    await using orchestrator = await openOrchestrator(this.url);
    return await use(orchestrator);
  }

  /** The processes that keep what hosts hold here; also those that have ended without a word. */
  get keepers(): number[] {
    const files = globSync('.openclaw/hosts/*/*/keeper.json', { cwd: this.folder });
    return files.map((file) => (JSON.parse(readFileSync(join(this.folder, file), 'utf8')) as { pid: number }).pid);
  }

  /** What the hook of a plugin does at the end of a turn. */
  tellOfTurn(): void {
    for (const host of globSync('.openclaw/hosts/*', { cwd: this.folder }))
      writeFileSync(join(this.folder, host, 'turn'), '');
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** An agent host: this process, with the official client connected to a server of its own. */
export class AgentHost implements AsyncDisposable {
  readonly client: Client;
  readonly #transport: StdioClientTransport;
  stderr = '';

  private constructor(client: Client, transport: StdioClientTransport) {
    this.client = client;
    this.#transport = transport;
    transport.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  static async start(
    machine: Pick<Machine, 'env' | 'folder'>,
    { era = 'modern', words = [], env = {} }: StartOptions = {},
  ): Promise<AgentHost> {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [PROGRAM, 'mcp', 'serve', ...words],
      env: { ...machine.env, ...env },
      cwd: machine.folder,
      stderr: 'pipe',
    });
    const client = new Client(
      { name: 'test-host', version: '1.0.0' },
      { versionNegotiation: { mode: ERAS[era] }, capabilities: {} },
    );
    const host = new AgentHost(client, transport);
    await client.connect(transport);
    return host;
  }

  /** The process of its server. */
  get server(): number {
    return this.#transport.pid ?? 0;
  }

  async call(name: string, input: Record<string, unknown> = {}): Promise<ToolText> {
    const { content, isError = false } = await this.client.callTool({ name, arguments: input });
    const [only, ...more] = content;
    if (only?.type !== 'text' || more.length > 0) throw new Error(`not one text: ${JSON.stringify(content)}`);
    return { text: only.text, lines: only.text.split('\n'), isError };
  }

  /** Ends the input of the server, as a host that ends does, and waits until the server has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

/** Waits until something is so. */
export async function until<T>(look: () => T | Promise<T>, timeoutMs = 30_000): Promise<NonNullable<T>> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen;
    if (performance.now() > giveUpAt) throw new Error(`it was not so within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
