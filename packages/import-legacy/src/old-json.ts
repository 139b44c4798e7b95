import { fields, type Json } from '@agent-orchestrator/core';

/** JSON of any size. */
const anyJson = fields.json(Number.MAX_SAFE_INTEGER);

/** @returns undefined for a text that is not JSON, or that contains a value which cannot be stored */
export function jsonFrom(text: string): Json | undefined {
  const value = parsed(text);
  if (value === undefined || !anyJson.safeParse(value).success || losesDigits(text)) return undefined;
  return value;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Whether a whole number in it is too large for a number of JavaScript. */
function losesDigits(text: string): boolean {
  let loses = false;
  if (!/\d{16}/.test(text)) return false;
  JSON.parse(text, (_key, value: unknown, at?: { readonly source?: string }) => {
    if (typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(at?.source ?? '')) loses = true;
    return value;
  });
  return loses;
}
