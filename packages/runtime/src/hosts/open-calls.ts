/*
 * Whether a tool is at work in a conversation, as its transcript shows it: a call is written down before the tool runs,
 * its answer afterwards. So no hook has to run at each call.
 */

type Fields = Readonly<Record<string, unknown>>;

export interface OpenCalls {
  /** A call has no answer yet. */
  readonly hasOpenCall: boolean;
  /**
   * The model spoke last. Gemini CLI adds the calls of a message when they have ended, and nothing to the last message
   * of a turn: it is a call as long as the turn has not ended.
   */
  readonly isModelsTurn: boolean;
}

/** @param entries the last ones of a transcript, oldest first */
export function openCallsIn(entries: readonly unknown[]): OpenCalls {
  const open = new Set<string>();
  let isModelsTurn = false;
  for (const item of entries.flatMap(itemsOf)) {
    const { type, id, call_id: callId, tool_use_id: answered, toolCalls } = item;
    // A call of an earlier turn that was broken off gets no answer.
    if (isPrompt(item)) open.clear();
    if (type === 'tool_use' && typeof id === 'string') open.add(id);
    if (type === 'tool_result' && typeof answered === 'string') open.delete(answered);
    if (typeof type === 'string' && typeof callId === 'string')
      if (type.endsWith('_call')) open.add(callId);
      else open.delete(callId);
    if (type === 'gemini' || type === 'user') isModelsTurn = type === 'gemini' && toolCalls === undefined;
  }
  return { hasOpenCall: open.size > 0, isModelsTurn };
}

/** Where hosts keep what they say of one call: the entry itself, its payload, or the parts of its message. */
function itemsOf(entry: unknown): Fields[] {
  if (!isObject(entry)) return [];
  const { payload, message } = entry;
  const content = isObject(message) ? message['content'] : undefined;
  return [entry, payload, ...(Array.isArray(content) ? (content as readonly unknown[]) : [])].filter(isObject);
}

function isPrompt({ type, role, message }: Fields): boolean {
  if (type === 'message') return role === 'user';
  return type === 'user' && isObject(message) && typeof message['content'] === 'string';
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
