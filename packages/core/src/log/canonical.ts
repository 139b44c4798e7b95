import serialize from 'canonicalize';
import type { Json, JsonText } from '../model/json.ts';

/**
 * The one text of a JSON value (RFC 8785: sorted keys, no white space), so that equal values have equal hashes.
 * Properties that are `undefined` are left out.
 */
export function canonicalize(value: Json): JsonText {
  // The library answers undefined only for what is not JSON, and the type rules that out.
  return serialize(value) as JsonText;
}
