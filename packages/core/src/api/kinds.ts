import type { StandardSchemaV1 } from '@standard-schema/spec';
import { invalidInput } from '../model/errors.ts';
import { findJsonProblem, jsonCopyOf, type Json } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';

/** The payload and result of a kind of task, as schemas of any Standard Schema library (zod, valibot, arktype …). */
export interface KindSchemas {
  readonly payload?: StandardSchemaV1;
  readonly result?: StandardSchemaV1;
}

/** The kinds of an orchestrator, by name. If kinds are given, it refuses a task of another kind. */
export type AnyKinds = { readonly [kind: string]: KindSchemas };

/** The type of a kind's payload after its schema; any JSON without one. */
export type PayloadOf<Kinds extends AnyKinds, Kind extends keyof Kinds> = OutputOf<Kinds[Kind]['payload']>;

/** The type of a kind's result. */
export type ResultOf<Kinds extends AnyKinds, Kind extends keyof Kinds> = OutputOf<Kinds[Kind]['result']>;

/** What a caller may give as a kind's payload, before its schema. */
export type PayloadInput<Kinds extends AnyKinds, Kind extends keyof Kinds> = InputOf<Kinds[Kind]['payload']>;

/** What a caller may give as a kind's result. */
export type ResultInput<Kinds extends AnyKinds, Kind extends keyof Kinds> = InputOf<Kinds[Kind]['result']>;

type OutputOf<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Schema> : Json;
type InputOf<Schema> = Schema extends StandardSchemaV1 ? StandardSchemaV1.InferInput<Schema> : Json;

/** A payload or a result in a call, which the schema of its kind checks and may replace. */
export interface ValueOfKind {
  readonly kind: string;
  readonly part: 'payload' | 'result';
  /** Where it stands in the call. */
  readonly field: string;
  readonly value: Json;
  replace(checked: Json): void;
}

/** Checks kinds, payloads and results against the declared schemas. */
export class KindRegistry {
  readonly #kinds: AnyKinds | undefined;

  constructor(kinds: AnyKinds | undefined) {
    this.#kinds = kinds;
  }

  get areDeclared(): boolean {
    return this.#kinds !== undefined;
  }

  /**
   * Replaces each value by what the schema of its kind makes of it.
   *
   * @throws `INVALID_INPUT` for an unknown kind or a value that its schema refuses, whichever stands first in the call
   */
  async check(values: readonly ValueOfKind[]): Promise<void> {
    const checked = await Promise.allSettled(values.map((one) => this.#checked(one)));
    for (const [at, one] of checked.entries()) {
      if (one.status === 'rejected') throw one.reason;
      values[at]?.replace(one.value as Json);
    }
  }

  async #checked({ kind, part, value, field }: ValueOfKind): Promise<unknown> {
    if (this.#kinds === undefined) return value;
    const schemas = Object.hasOwn(this.#kinds, kind) ? this.#kinds[kind] : undefined;
    if (schemas === undefined)
      throw invalidInput(
        'kind',
        `is ${kind}, which is not one of the declared kinds: ${Object.keys(this.#kinds).join(', ')}`,
      );
    const schema = schemas[part];
    if (schema === undefined) return value;
    // A schema may change in place what it gets, and what is sent again has to be the same.
    const checked = await schema['~standard'].validate(jsonCopyOf(value));
    if (checked.issues === undefined) return storable(checked.value, part, field);
    const issue = checked.issues[0];
    throw invalidInput(pathOf(field, issue?.path), `does not fit the kind ${kind}: ${issue?.message ?? 'not valid'}`);
  }
}

/** A schema may change the value: the result must be JSON within the limits as well. */
function storable(value: unknown, part: 'payload' | 'result', field: string): unknown {
  const found = findJsonProblem(value, part === 'payload' ? LIMITS.payload_bytes_max : LIMITS.result_bytes_max);
  if (found === null) return value;
  throw invalidInput(
    pathOf(field, found.path),
    `${found.problem}, after the schema of its kind changed it`,
    found.code,
  );
}

function pathOf(field: string, path: StandardSchemaV1.Issue['path']): string {
  return [field, ...(path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))].join('.');
}
