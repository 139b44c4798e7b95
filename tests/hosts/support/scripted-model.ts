/*
 * A model that says what a test wants, for agent hosts that run without a network: an HTTP server on the loopback with
 * the interfaces of the hosts' models. It keeps every request, so that a test sees what a model would read.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { json, newId, WIRES, type RequestBody } from './wire.ts';

/** What a host sent to the model. */
export interface ModelRequest {
  /** Every text that a model would read, without the list of tools. */
  readonly text: string;
  /** The tools as they were offered. */
  readonly tools: readonly OfferedTool[];
  readonly body: unknown;
}

export interface OfferedTool {
  readonly name: string;
  readonly namespace?: string | undefined;
  /** As it stands in the request. */
  readonly sent: unknown;
}

/** One answer. Tools are named without what a host puts before their names. */
export type Step =
  | { readonly say: string }
  | CallStep
  /** It never answers: the host is in the middle of a turn. */
  | 'hang';

export interface CallStep {
  readonly call: string;
  readonly input?: object;
}

type Fields = Readonly<Record<string, unknown>>;

export class ScriptedModel implements AsyncDisposable {
  /** Those of the conversation: with tools on offer. */
  readonly requests: ModelRequest[] = [];
  /** What it does while a tool is not offered yet, for a host that does not wait for its servers. It is no request. */
  lookAgain: CallStep | null = null;
  readonly #server: Server;
  #steps: Step[] = [];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ScriptedModel> {
    const model: ScriptedModel = new ScriptedModel(
      createServer((request, response) => {
        model.#serve(request, response).catch((error: unknown) => json(response, { error: String(error) }, 500));
      }),
    );
    await new Promise<void>((resolve) => {
      model.#server.listen(0, '127.0.0.1', resolve);
    });
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What it says from now on; after the last step it says that it is done. */
  play(...steps: Step[]): void {
    this.#steps = steps;
    this.requests.length = 0;
  }

  /** Resolves when that many requests of the conversation came since `play`. */
  async asked(count: number): Promise<void> {
    if (this.requests.length >= count) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ count, resolve });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.url).pathname;
    const body = await bodyOf(request);
    const wire = request.method === 'POST' ? WIRES.find((one) => one.path.test(path)) : undefined;
    if (wire === undefined) return other(response, path);
    const tools = toolsOf(body as Fields);
    const text = textOf(body as Fields);
    // Titles, summaries and checks of topics: they have no tools, and are not what a test is about.
    if (tools.length === 0) return wire.write(response, { text: 'ok', calls: [] }, body as RequestBody);
    const [next] = this.#steps;
    const isMissing =
      typeof next === 'object' && 'call' in next && !tools.some(({ name }) => isCalled(name, next.call));
    const early = isMissing ? this.lookAgain : null;
    if (early !== null) return call(wire.write, response, tools, early, body as RequestBody);
    const step = this.#steps.shift() ?? { say: 'Done.' };
    this.requests.push({ text, tools, body });
    for (const { count, resolve } of this.#waiting) if (this.requests.length >= count) resolve();
    if (step === 'hang') return undefined;
    if ('say' in step) return wire.write(response, { text: step.say, calls: [] }, body as RequestBody);
    return call(wire.write, response, tools, step, body as RequestBody);
  }
}

function call(
  write: (typeof WIRES)[number]['write'],
  response: ServerResponse,
  tools: readonly OfferedTool[],
  step: CallStep,
  body: RequestBody,
): void {
  const { name, namespace } = tools.find((tool) => isCalled(tool.name, step.call)) ?? { name: step.call };
  write(response, { text: '', calls: [{ id: newId('call'), name, namespace, input: step.input ?? {} }] }, body);
}

/** Counts of tokens and lists of models, which some hosts ask for. */
function other(response: ServerResponse, path: string): void {
  if (path.endsWith('count_tokens')) return json(response, { input_tokens: 1_000 });
  if (path.endsWith(':countTokens')) return json(response, { totalTokens: 1_000 });
  if (path.endsWith('/models')) return json(response, { object: 'list', data: [], models: [] });
  return json(response, { error: { message: `no ${path}` } }, 404);
}

/** Hosts put names of servers and plugins before that of a tool. */
export function isCalled(name: string, tool: string): boolean {
  return name === tool || name.endsWith(`_${tool}`) || name.endsWith(`.${tool}`);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  const unpack = UNPACK[request.headers['content-encoding'] ?? ''];
  const text = (unpack === undefined ? raw : unpack(raw)).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as unknown);
}

const UNPACK: Readonly<Record<string, (raw: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/** Where the interfaces keep what a model reads. */
const READ = ['system', 'instructions', 'systemInstruction', 'messages', 'input', 'contents'] as const;

function textOf(body: Fields): string {
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (Array.isArray(value)) value.forEach(collect);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  for (const field of READ) collect(body[field]);
  return texts.join('\n');
}

function toolsOf(body: Fields): OfferedTool[] {
  const list = Array.isArray(body['tools']) ? (body['tools'] as readonly Fields[]) : [];
  return list.flatMap((tool) => {
    const { name, type, tools, functionDeclarations } = tool;
    const inside = (functionDeclarations ?? tools) as readonly Fields[] | undefined;
    if (inside === undefined) return [{ name: String(name ?? type), sent: tool }];
    const namespace = type === 'namespace' ? String(name) : undefined;
    return inside.map((one) => ({ name: String(one['name']), namespace, sent: one }));
  });
}
