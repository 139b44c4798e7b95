/*
 * The types of columns that hold JSON, kept as the text that was hashed. A value is judged once, when it comes in. The
 * first migration has their text.
 */

/** More than any that core writes, and no more than each reader can hold. */
const BYTES_MAX = 8_388_608;

/** By name: the CHECK of each. What is no JSON is no value of them. */
const CHECKS: Readonly<Record<string, string>> = {
  json_text: `octet_length(VALUE::json::text) <= ${BYTES_MAX}`,
  object_text: `octet_length(VALUE) <= ${BYTES_MAX} AND json_typeof(VALUE::json) = 'object'`,
};

export const TYPE_NAMES = Object.keys(CHECKS);

/** The statement that makes each type. */
export const TYPE_TEXTS = Object.entries(CHECKS).map(
  ([name, check]) => `CREATE DOMAIN "orchestrator"."${name}" AS text COLLATE "C"\n  CHECK (${check});`,
);
