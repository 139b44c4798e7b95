/** What a session was doing, as its host saw it: the model does not have to write it down. */
export interface WorkState {
  /** What the model said last. */
  readonly lastMessage: string | null;
  /** The files that it changed, the last one first. */
  readonly files: readonly string[];
  /** What is open in its own list of things to do. */
  readonly openTasks: readonly string[];
}

const FILES_MAX = 20;
const TASKS_MAX = 20;
const TASK_CHARACTERS = 120;
/** A path beyond this helps no reader. */
const PATH_CHARACTERS = 300;

/**
 * Reads it off the entries of a transcript. Each host has a form of its own; what they share is looked for anywhere in
 * an entry: a call of a tool has a name beside its input, and what the assistant said has its role.
 */
export function workState(entries: readonly unknown[], lastMessage: string | null): WorkState {
  const calls = entries.flatMap((entry) => callsIn(entry));
  const files = calls.flatMap(filesOf).toReversed();
  const openTasks = calls.flatMap((call) => openTasksOf(call) ?? []).at(-1) ?? [];
  const said = lastMessage ?? entries.flatMap((entry) => saidIn(entry)).at(-1) ?? null;
  return {
    lastMessage: said === null ? null : storable(said),
    files: [...new Set(files)].slice(0, FILES_MAX).map(storable),
    openTasks: openTasks.slice(0, TASKS_MAX).map(storable),
  };
}

/** A transcript can have what no store takes: U+0000, and halves of characters. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

interface ToolCall {
  readonly name: string;
  readonly input: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

const INPUTS = ['input', 'arguments', 'args'] as const;
/** Entries are not nested deeper; what a tool answered may be. */
const DEPTH_MAX = 8;

function callsIn(value: unknown, depth = 0): ToolCall[] {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return [];
  if (Array.isArray(value)) return value.flatMap((one) => callsIn(one, depth + 1));
  const fields = value as Fields;
  const { name } = fields;
  const input = INPUTS.find((field) => fields[field] !== undefined);
  if (typeof name === 'string' && input !== undefined) return [{ name, input: fromText(fields[input]) }];
  return Object.values(fields).flatMap((one) => callsIn(one, depth + 1));
}

/** Some hosts keep the input as JSON in a text, some as the text of a patch. */
function fromText(input: unknown): unknown {
  if (typeof input !== 'string') return input;
  try {
    return JSON.parse(input) as unknown;
  } catch {
    return { patch: input };
  }
}

const CHANGES = /edit|write|replace|patch|create_file/iu;
const PATHS = ['file_path', 'path', 'filePath', 'notebook_path', 'absolute_path'] as const;
const PATCHED = /^\*\*\* (?:Update|Add|Delete) File: (.+)$/gmu;

function filesOf({ name, input }: ToolCall): string[] {
  if (!CHANGES.test(name) || typeof input !== 'object' || input === null) return [];
  const fields = input as Fields;
  const path = PATHS.map((field) => fields[field]).find((one) => typeof one === 'string');
  const texts = Object.values(fields).filter((one) => typeof one === 'string');
  const patched = texts.flatMap((text) => [...text.matchAll(PATCHED)].map(([, file = '']) => file));
  return [...(path === undefined ? [] : [path]), ...patched].filter(({ length }) => length <= PATH_CHARACTERS);
}

const DONE = new Set(['completed', 'done', 'cancelled', 'deleted']);

/** A list that the tool replaces as a whole; null: the call is not about one. */
function openTasksOf({ input }: ToolCall): [string[]] | null {
  if (typeof input !== 'object' || input === null) return null;
  const { todos, plan } = input as Fields;
  const list = Array.isArray(todos) ? todos : plan;
  if (!Array.isArray(list)) return null;
  const open = (list as readonly unknown[]).flatMap((one) => {
    const { content, step, description, status } = (typeof one === 'object' && one !== null ? one : {}) as Fields;
    const text = [content, step, description].find((word) => typeof word === 'string');
    const isOpen = text !== undefined && !(typeof status === 'string' && DONE.has(status));
    return isOpen ? [text.slice(0, TASK_CHARACTERS)] : [];
  });
  return [open];
}

function saidIn(value: unknown, depth = 0): string[] {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return [];
  if (Array.isArray(value)) return value.flatMap((one) => saidIn(one, depth + 1));
  const fields = value as Fields;
  if (fields['role'] === 'assistant' || fields['type'] === 'gemini') return textsOf(fields['content']);
  return Object.values(fields).flatMap((one) => saidIn(one, depth + 1));
}

function textsOf(content: unknown): string[] {
  if (typeof content === 'string') return content === '' ? [] : [content];
  if (!Array.isArray(content)) return [];
  return (content as readonly unknown[]).flatMap((part) => {
    const { text } = (typeof part === 'object' && part !== null ? part : {}) as Fields;
    return typeof text === 'string' && text !== '' ? [text] : [];
  });
}
