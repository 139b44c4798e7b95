/*
 * How the interfaces of models write an answer, each as a whole or as a stream. Only what the hosts read of it.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';

/** What the model of a test says. */
export interface Said {
  readonly text: string;
  readonly calls: readonly ToolCall[];
}

export interface ToolCall {
  readonly id: string;
  /** As the host offered it. */
  readonly name: string;
  /** Some hosts group tools under a further name. */
  readonly namespace?: string | undefined;
  readonly input: object;
}

type Write = (response: ServerResponse, said: Said, body: RequestBody) => void;

/** The parts of a request that the answer repeats. */
export interface RequestBody {
  readonly model?: string;
  readonly stream?: boolean;
}

interface Wire {
  /** The end of the path. */
  readonly path: RegExp;
  readonly write: Write;
}

export const WIRES: readonly Wire[] = [
  { path: /\/messages$/u, write: anthropicMessages },
  { path: /\/responses$/u, write: openAiResponses },
  { path: /:(?:streamGenerateContent|generateContent)$/u, write: geminiContent },
];

const USAGE = { input: 1_000, output: 20 } as const;

function anthropicMessages(response: ServerResponse, { text, calls }: Said, { model = '', stream }: RequestBody): void {
  const blocks = [
    ...(text === '' ? [] : [{ type: 'text', text }]),
    ...calls.map(({ id, name, input }) => ({ type: 'tool_use', id, name, input })),
  ];
  const stopReason = calls.length > 0 ? 'tool_use' : 'end_turn';
  const usage = { input_tokens: USAGE.input, output_tokens: USAGE.output };
  const message = { id: newId('msg'), type: 'message', role: 'assistant', model, stop_sequence: null, usage };
  if (stream !== true) return json(response, { ...message, content: blocks, stop_reason: stopReason });
  const send = events(response);
  send('message_start', { message: { ...message, content: [], stop_reason: null } });
  for (const [index, block] of blocks.entries()) {
    const isText = 'text' in block;
    send('content_block_start', { index, content_block: isText ? { ...block, text: '' } : { ...block, input: {} } });
    const delta = isText
      ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
    send('content_block_delta', { index, delta });
    send('content_block_stop', { index });
  }
  send('message_delta', { delta: { stop_reason: stopReason, stop_sequence: null }, usage });
  send('message_stop', {});
  response.end();
}

function openAiResponses(response: ServerResponse, { text, calls }: Said, { model = '', stream }: RequestBody): void {
  const output = [
    ...(text === ''
      ? []
      : [
          {
            type: 'message',
            id: newId('msg'),
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text, annotations: [] }],
          },
        ]),
    ...calls.map(({ id, name, namespace, input }) => ({
      type: 'function_call',
      id: newId('fc'),
      call_id: id,
      name,
      ...(namespace !== undefined && { namespace }),
      arguments: JSON.stringify(input),
      status: 'completed',
    })),
  ];
  const usage = {
    input_tokens: USAGE.input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: USAGE.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: USAGE.input + USAGE.output,
  };
  const whole = { id: newId('resp'), object: 'response', model, error: null, incomplete_details: null };
  if (stream !== true) return json(response, { ...whole, status: 'completed', output, usage });
  const send = events(response);
  send('response.created', { response: { ...whole, status: 'in_progress', output: [], usage: null } });
  for (const [index, item] of output.entries()) send('response.output_item.done', { output_index: index, item });
  send('response.completed', { response: { ...whole, status: 'completed', output, usage } });
  response.end();
}

function geminiContent(response: ServerResponse, { text, calls }: Said): void {
  const parts = [
    ...(text === '' ? [] : [{ text }]),
    ...calls.map(({ id, name, input }) => ({ functionCall: { id, name, args: input } })),
  ];
  const total = USAGE.input + USAGE.output;
  const answer = {
    candidates: [{ index: 0, content: { role: 'model', parts }, finishReason: 'STOP' }],
    usageMetadata: {
      promptTokenCount: USAGE.input,
      candidatesTokenCount: USAGE.output,
      totalTokenCount: total,
    },
    responseId: newId('resp'),
  };
  if (!(response.req.url ?? '').includes(':streamGenerateContent')) return json(response, answer);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`data: ${JSON.stringify(answer)}\n\n`);
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** Server-sent events, each with its name in its data, too. */
function events(response: ServerResponse): (type: string, data: object) => void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sequence = 0;
  return (type, data) => {
    const value = { type, sequence_number: sequence++, ...data };
    response.write(`event: ${type}\ndata: ${JSON.stringify(value)}\n\n`);
  };
}

export function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
}
