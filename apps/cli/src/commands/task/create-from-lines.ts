import type { Enqueued, EnqueueTask, Orchestrator } from '@agent-orchestrator/core';
import { counted, TASK_TEXT_NAMES } from '@agent-orchestrator/runtime';
import { snakeCase } from '@agent-orchestrator/runtime/wire-json';
import { InvalidArgumentError } from 'commander';
import type { Call } from '../../call.ts';
import { badContent, Failure, failureOf, isOrchestratorError, usage } from '../../failure.ts';
import { parseJson, readLines } from '../../input/content.ts';
import { dedupeFrom } from '../../input/dedupe.ts';
import { parseDuration } from '../../input/parse.ts';
import type { Answer } from '../../output/output.ts';

/** The most that the API takes at once. */
const BATCH = 1_000;

/** The keys of a line, and the fields of the API that they set. */
const FIELDS: Readonly<Record<string, string>> = {
  title: 'title',
  id: 'id',
  session: 'sessionId',
  session_id: 'sessionId',
  kind: 'kind',
  payload: 'payload',
  priority: 'priority',
  delay: 'delayMs',
  delay_ms: 'delayMs',
  dedupe_key: 'dedupe.key',
  dedupe_while: 'dedupe.while',
  attempts_max: 'attemptsMax',
  interruptions_max: 'interruptionsMax',
  backoff: 'backoffMs',
  backoff_ms: 'backoffMs',
  assignee: 'assignee',
  role: 'role',
  review: 'review',
  depends_on: 'dependsOn',
  on_dependency_failure: 'onDependencyFailure',
  parent: 'parentId',
  parent_id: 'parentId',
  ...Object.fromEntries(TASK_TEXT_NAMES.map((name) => [snakeCase(name), name])),
};

interface Line {
  readonly number: number;
  readonly task: EnqueueTask;
}

/** Adds the tasks of a file in batches, each as a whole. All lines are checked before the first batch. */
export async function createFromLines(call: Call, file: string): Promise<Answer> {
  const lines: Line[] = [];
  for await (const { number, text } of readLines('--jsonl', file)) lines.push({ number, task: taskOf(number, text) });
  if (lines.length === 0) throw badContent('--jsonl', 'contains no task');
  if (lines.length > BATCH && call.options.commandId !== undefined)
    throw usage(
      `--command-id names one command, but ${lines.length} lines need several (at most ${BATCH} lines each).`,
      'Use dedupe keys, so that the file can be sent again.',
      'commandId',
    );

  await checkLines(lines);
  await using orchestrator = await call.openForAsOf('create');
  const asOf = await orchestrator.asOf();
  const added: Enqueued[] = [];
  for (let at = 0; at < lines.length; at += BATCH)
    added.push(...(await addBatch(call, orchestrator, lines.slice(at, at + BATCH), at)));

  const duplicates = added.filter(({ outcome }) => outcome === 'duplicate').length;
  return {
    kind: 'tasks',
    data: added.map(({ outcome, task }) => ({ outcome, ...task })),
    asOf,
    meta: { enqueued: added.length - duplicates, duplicates },
    ids: added.map(({ task }) => task.id),
    text: () => [
      `added: ${counted(added.length - duplicates, 'task')}${duplicates === 0 ? '' : `; duplicates: ${duplicates}`}`,
    ],
    chatter: ['next: orchestrator claim'],
  };
}

/** Checks all lines before any is added. The error names the line. */
async function checkLines(lines: readonly Line[]): Promise<void> {
  try {
    const { checkNewTasks } = await import('@agent-orchestrator/runtime');
    checkNewTasks(lines.map(({ task }) => task));
  } catch (error) {
    throw failureAmong(lines, error, 'Nothing was added.');
  }
}

async function addBatch(
  call: Call,
  orchestrator: Orchestrator,
  lines: readonly Line[],
  before: number,
): Promise<readonly Enqueued[]> {
  try {
    const tasks = lines.map(({ task }) => task);
    return (await orchestrator.enqueueTasks(tasks, call.command)).tasks;
  } catch (error) {
    const kept = before === 0 ? 'Nothing was added.' : `The first ${before} tasks of the file were added.`;
    throw failureAmong(lines, error, kept);
  }
}

/** The failure says which tasks were added, and names the line if one is at fault. */
function failureAmong(lines: readonly Line[], error: unknown, kept: string): Failure {
  const [, place, rest = ''] = (isOrchestratorError(error) && /^tasks\[(\d+)\]\.?(.*)$/.exec(error.field ?? '')) || [];
  const line = place === undefined ? undefined : lines[Number(place)];
  if (line === undefined || !isOrchestratorError(error)) {
    const { code, message, exit, hint = '', retryable, field } = failureOf(error);
    return new Failure(code, message, { exit, hint: `${hint} ${kept}`, retryable, field, cause: error });
  }
  const { code, message, hint } = error;
  const field = `line ${line.number}${rest === '' ? '' : `, ${rest}`}`;
  const named = message.startsWith('tasks[') ? message.replace(/^\S+/, field) : `${field}: ${message}`;
  return new Failure(code, named, { exit: 65, field, hint: `${hint} ${kept}`, cause: error });
}

function taskOf(number: number, text: string): EnqueueTask {
  const line = `line ${number}`;
  const value = parseJson(line, text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badContent(line, 'is not a JSON object');
  const entries = Object.entries(value).map(([key, item]) => {
    const field = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
    if (field === undefined)
      throw badContent(
        `${line}, ${key}`,
        `is not a field of a task. The fields are: ${Object.keys(FIELDS).join(', ')}`,
      );
    return [field, key === 'delay' || key === 'backoff' ? durationOf(`${line}, ${key}`, item) : item] as const;
  });
  const { 'dedupe.key': key, 'dedupe.while': time, ...task } = Object.fromEntries(entries);
  return { ...task, ...dedupeFrom({ key, while: time }) };
}

function durationOf(field: string, value: unknown): number {
  try {
    return parseDuration(String(value));
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw badContent(field, 'is not a duration such as 30s', error);
    throw error;
  }
}
