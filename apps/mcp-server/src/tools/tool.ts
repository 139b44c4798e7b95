import { fields } from '@agent-orchestrator/runtime';
import { z } from 'zod';
import type { ToolContext } from '../context.ts';
import type { Answer } from '../text/answer.ts';

/** One call of a tool. */
export interface ToolCall {
  /** Aborted when the host no longer waits for the answer. */
  readonly ended: AbortSignal;
}

interface ToolTraits {
  /** It changes nothing. */
  readonly readOnly?: true;
  /** Hosts that load tools on demand load it at once. */
  readonly loadAtOnce?: true;
  /** It ends or undoes the work of others: hosts that know the mark ask a person each time. */
  readonly humanOnly?: true;
}

/** A tool that the model can call. */
export interface Tool extends ToolTraits {
  readonly name: string;
  readonly description: string;
  /** The JSON schema of its input, as short as it can be said. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** @throws `INVALID_INPUT` for input that does not fit; what the orchestrator throws */
  readonly run: (input: unknown, context: ToolContext, call: ToolCall) => Promise<Answer>;
}

interface ToolDefinition<Input> extends ToolTraits {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType<Input>;
  readonly run: (input: Input, context: ToolContext, call: ToolCall) => Promise<Answer>;
}

export function defineTool<Input>({ input, run, ...tool }: ToolDefinition<Input>): Tool {
  return {
    ...tool,
    schema: shortSchema(input),
    run: async (given, context, call) => run(fields.parseInput(input, withoutHostFields(given)), context, call),
  };
}

/** JSON of any shape. Models send objects most reliably. */
export const anyJson = z.unknown().meta({ type: 'object' });

/** The task that a call is about. */
export const ofTask = z.string().optional().describe('t42, if you hold several');

/** Gemini CLI adds it to the input of every tool. */
const HOST_FIELDS: ReadonlySet<string> = new Set(['wait_for_previous']);

function withoutHostFields(given: unknown): unknown {
  if (typeof given !== 'object' || given === null) return given ?? {};
  return Object.fromEntries(Object.entries(given).filter(([name]) => !HOST_FIELDS.has(name)));
}

/** Without what costs tokens and tells a model nothing: each value is checked, and the answer says what is wrong. */
function shortSchema(input: z.ZodType): Record<string, unknown> {
  const { $schema: _schema, ...schema } = z.toJSONSchema(input, {
    io: 'input',
    override({ jsonSchema }) {
      delete jsonSchema.additionalProperties;
      delete jsonSchema.minimum;
      delete jsonSchema.maximum;
    },
  });
  return schema;
}
