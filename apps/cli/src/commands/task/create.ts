import type { Orchestrator, TaskTextName } from '@agent-orchestrator/core';
import { TASK_TEXT_NAMES, TASK_TEXTS } from '@agent-orchestrator/runtime';
import type { Command } from 'commander';
import type { Call } from '../../call.ts';
import { usage } from '../../failure.ts';
import { readJson } from '../../input/content.ts';
import { parseDuration, parseInteger } from '../../input/parse.ts';
import { flagOf } from '../../input/task-texts.ts';
import type { Answer } from '../../output/output.ts';
import type { Define } from '../../command-module.ts';
import { taskLine } from '../../views/task.ts';
import { createFromLines } from './create-from-lines.ts';
import { nextClaim } from './next-claim.ts';

interface CreateOptions extends Readonly<Partial<Record<TaskTextName, string>>> {
  readonly id?: string;
  readonly session?: string;
  readonly kind?: string;
  readonly payload?: string;
  readonly priority?: number;
  readonly delay?: number;
  readonly dedupeKey?: string;
  readonly attemptsMax?: number;
  readonly interruptionsMax?: number;
  readonly backoff?: number;
  readonly assignee?: string;
  readonly role?: string;
  readonly jsonl?: string;
}

export const defineCreate: Define = (parent, run) => {
  addTaskOptions(parent.command('create'))
    .description('add a task, or many; one whose dedupe key is there already is not added again')
    .argument('[title]', 'one line for people')
    .option(
      '--jsonl <file>',
      'many tasks: one JSON object per line of a file (`-`: standard input), with the names of these flags in snake_case',
    )
    .action(run<CreateOptions, [string | undefined]>(create));
};

function addTaskOptions(command: Command): Command {
  command
    .option('--session <id>', 'the line of work it belongs to (default: one of its own)')
    .option('--kind <name>', 'what sort of work it is')
    .option('--payload <json>', 'what the worker needs: JSON, @FILE or - for standard input')
    .option('--priority <n>', 'smaller first (default: 5)', parseInteger)
    .option('--delay <duration>', 'not to be claimed before', parseDuration)
    .option('--dedupe-key <key>', 'at most one task ever has it')
    .option('--attempts-max <n>', 'failed attempts before it is a dead letter (default: 4)', parseInteger)
    .option('--interruptions-max <n>', 'lost leases that it survives (default: 16)', parseInteger)
    .option('--backoff <duration>', 'pause after the first failed attempt; it doubles (default: 5s)', parseDuration)
    .option('--assignee <agent>', 'only this agent may claim it')
    .option('--role <name>', 'only agents with this role may claim it');
  for (const name of TASK_TEXT_NAMES) command.option(`--${flagOf(name)} <text>`, TASK_TEXTS[name]);
  return command.option('--id <id>', 'its id (default: made)');
}

async function create(call: Call<CreateOptions>, title: string | undefined): Promise<Answer> {
  const { jsonl } = call.options;
  if (jsonl !== undefined) {
    if (title !== undefined)
      throw usage('TITLE and --jsonl cannot be given together.', 'Titles stand in the lines.', 'jsonl');
    return createFromLines(call, jsonl);
  }
  if (title === undefined)
    throw usage('The task has no title.', 'orchestrator task create TITLE, or --jsonl FILE for many.', 'title');

  const task = { title, ...(await taskFrom(call.options)) };
  await call.check('enqueueTask', { ...task, ...call.command });
  await using orchestrator = await call.open('create');
  const asOf = await orchestrator.asOf();
  const enqueued = await orchestrator.enqueueTask({ ...task, ...call.command });
  return {
    kind: 'task',
    data: { outcome: enqueued.outcome, ...enqueued.task },
    asOf,
    ids: [enqueued.task.id],
    text: (paint) => [
      `${enqueued.outcome === 'duplicate' ? 'was there already: ' : 'added: '}${taskLine(enqueued.task, paint)}`,
    ],
    chatter: [nextClaim(call)],
  };
}

type NewTask = Omit<Parameters<Orchestrator['enqueueTask']>[0], 'title'>;

/** The options that are called as the fields of the API are. */
const SAME_NAMES = [
  'id',
  'kind',
  'priority',
  'dedupeKey',
  'attemptsMax',
  'interruptionsMax',
  'assignee',
  'role',
  ...TASK_TEXT_NAMES,
] as const satisfies readonly (keyof CreateOptions & keyof NewTask)[];

async function taskFrom(options: CreateOptions): Promise<NewTask> {
  const named = {
    ...Object.fromEntries(SAME_NAMES.map((name) => [name, options[name]])),
    sessionId: options.session,
    delayMs: options.delay,
    backoffMs: options.backoff,
    payload: await readJson('--payload', options.payload),
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}
