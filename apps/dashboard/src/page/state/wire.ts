/** A name of the API as JSON has it: `sessionId` is `session_id`. */
type Snake<Name> = Name extends `${infer First}${infer Rest}`
  ? First extends Lowercase<First>
    ? `${First}${Snake<Rest>}`
    : `_${Lowercase<First>}${Snake<Rest>}`
  : Name;

type IsTime<Name> = Name extends `${string}At` | 'at' | 'until' ? true : false;

/** What agents and users wrote: it may be anything. */
type Foreign = 'payload' | 'result' | 'error' | 'context';

type WireValue<Name, Value> = Name extends Foreign
  ? unknown
  : Value extends number
    ? IsTime<Name> extends true
      ? string
      : Value
    : Value extends readonly unknown[]
      ? { readonly [Index in keyof Value]: WireValue<Name, Value[Index]> }
      : Value extends object
        ? Wire<Value>
        : Value;

/** An answer of the server as a page gets it: names in snake_case, times as ISO-8601 in UTC. */
export type Wire<Answer> = {
  readonly [Name in keyof Answer as Snake<Name>]: WireValue<Name, Answer[Name]>;
};
