import type { OnDependencyFailure, Orchestrator, TaskTextName } from '@agent-orchestrator/core';
import { DEPENDENCY_POLICIES, TASK_TEXT_NAMES, TASK_TEXTS } from '@agent-orchestrator/runtime';
import { Option, type Command } from 'commander';
import type { Call } from '../../call.ts';
import { usage } from '../../failure.ts';
import { readJson } from '../../input/content.ts';
import { collect, parseDuration, parseInteger } from '../../input/parse.ts';
import { dedupeFrom } from '../../input/dedupe.ts';
import { flagOf } from '../../input/task-texts.ts';
import type { Answer } from '../../output/output.ts';
import type { Define } from '../../command-module.ts';
import { taskLine } from '../../views/task.ts';
import { createFromLines } from './create-from-lines.ts';

interface CreateOptions extends Readonly<Partial<Record<TaskTextName, string>>> {
  readonly id?: string;
  readonly session?: string;
  readonly kind?: string;
  readonly payload?: string;
  readonly priority?: number;
  readonly delay?: number;
  readonly dedupeKey?: string;
  readonly dedupeWhile?: string;
  readonly attemptsMax?: number;
  readonly interruptionsMax?: number;
  readonly backoff?: number;
  readonly assignee?: string;
  readonly role?: string;
  readonly reviewRole?: string;
  readonly approvals?: number;
  readonly dependsOn?: string[];
  readonly onDependencyFailure?: OnDependencyFailure;
  readonly parent?: string;
  readonly jsonl?: string;
}

export const defineCreate: Define = (parent, run) => {
  addTaskOptions(parent.command('create'))
    .description('add one task or many; a duplicate dedupe key adds none')
    .argument('[title]', 'one line for people (default: the kind, if an option says what the work is)')
    .option('--jsonl <file>', 'add many: one JSON object per line (- is stdin), with these flags in snake_case')
    .action(run<CreateOptions, [string | undefined]>(create));
};

function addTaskOptions(command: Command): Command {
  command
    .option('--session <id>', 'the session it belongs to (default: its own)')
    .option('--kind <name>', 'kind of work')
    .option('--payload <json>', 'input for the worker: JSON, @FILE or - for stdin')
    .option('--priority <n>', 'priority; smaller comes first (default: 5)', parseInteger)
    .option('--delay <duration>', 'time before it can be claimed', parseDuration)
    .option('--dedupe-key <key>', 'add nothing while another task holds this key')
    .addOption(
      new Option('--dedupe-while <time>', 'hold the key until it ends, or for as long as it is kept').choices([
        'open',
        'kept',
      ]),
    )
    .option('--attempts-max <n>', 'limit of failed attempts (default: 4)', parseInteger)
    .option('--interruptions-max <n>', 'limit of lost leases (default: 16)', parseInteger)
    .option('--backoff <duration>', 'pause after the first failure; it doubles each time (default: 5s)', parseDuration)
    .option('--assignee <agent>', 'only this agent may claim it')
    .option('--role <name>', 'only agents with this role may claim it')
    .option('--review-role <name>', 'it is done when agents with this role, who never held it, have approved it')
    .option('--approvals <n>', 'with --review-role: how many have to approve it (default: 1)', parseInteger)
    .option('--depends-on <task>', 'a task that must end before it can be claimed (repeatable)', collect)
    .addOption(
      new Option('--on-dependency-failure <policy>', 'if one of them does not succeed (default: block)').choices(
        DEPENDENCY_POLICIES,
      ),
    )
    .option('--parent <task>', 'the task of which it is a part');
  for (const name of TASK_TEXT_NAMES) command.option(`--${flagOf(name)} <text>`, TASK_TEXTS[name]);
  return command.option('--id <id>', 'its id (default: generated)');
}

async function create(call: Call<CreateOptions>, title: string | undefined): Promise<Answer> {
  const { jsonl } = call.options;
  if (jsonl !== undefined) {
    if (title !== undefined)
      throw usage('TITLE and --jsonl cannot be given together.', 'Write the titles into the lines.', 'jsonl');
    return createFromLines(call, jsonl);
  }
  const described = await taskFrom(call.options);
  if (title === undefined && !SAYING_WHAT.some((name) => described[name] !== undefined))
    throw usage('The task has no title.', 'orchestrator task create TITLE, or --jsonl FILE for many.', 'title');

  const task = { ...(title !== undefined && { title }), ...described };
  await call.check('enqueueTask', { ...task, ...call.command });
  await using orchestrator = await call.openForAsOf('create');
  const asOf = await orchestrator.asOf();
  const enqueued = await orchestrator.enqueueTask({ ...task, ...call.command });
  return {
    kind: 'task',
    data: { outcome: enqueued.outcome, ...enqueued.task },
    asOf,
    ids: [enqueued.task.id],
    text: (paint) => [
      `${enqueued.outcome === 'duplicate' ? 'exists already: ' : 'added: '}${taskLine(enqueued.task, paint)}`,
    ],
    chatter: ['next: orchestrator claim'],
  };
}

type NewTask = Omit<Parameters<Orchestrator['enqueueTask']>[0], 'title'>;

/** The options that are called as the fields of the API are. */
const SAME_NAMES = [
  'id',
  'kind',
  'priority',
  'attemptsMax',
  'interruptionsMax',
  'assignee',
  'role',
  'dependsOn',
  'onDependencyFailure',
  ...TASK_TEXT_NAMES,
] as const satisfies readonly (keyof CreateOptions & keyof NewTask)[];

/** What says which work is meant, so that no title has to. The other options only say who, when and how often. */
const SAYING_WHAT = ['sessionId', 'kind', 'payload', 'dedupe', 'source'] as const satisfies readonly (keyof NewTask)[];

async function taskFrom(options: CreateOptions): Promise<NewTask> {
  const { reviewRole: role, approvals } = options;
  if (approvals !== undefined && role === undefined)
    throw usage('--approvals needs --review-role.', 'Say which role reviews the task.', 'approvals');
  const named = {
    ...Object.fromEntries(SAME_NAMES.map((name) => [name, options[name]])),
    ...dedupeFrom({ key: options.dedupeKey, while: options.dedupeWhile }),
    sessionId: options.session,
    parentId: options.parent,
    delayMs: options.delay,
    backoffMs: options.backoff,
    payload: await readJson('--payload', options.payload),
    review: role === undefined ? undefined : { role, ...(approvals !== undefined && { approvals }) },
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}
