import type { Orchestrator, ReleasedItem, ReleaseOutcome } from '@agent-orchestrator/core';
import { fields, isoSeconds, isVerdict, lateVerdict } from '@agent-orchestrator/runtime';
import { z } from 'zod';
import type { ToolContext } from '../context.ts';
import { HeldTask } from '../leases/held-task.ts';
import { refused, said, type Answer } from '../text/answer.ts';
import { anyJson, defineTool, ofTask } from './tool.ts';

/**
 * How a task can end, and what a model could not guess of it. A further outcome is a line here, and a further field a
 * line of the input: the rules check what goes together, and the answer tells the status that it leads to.
 */
const OUTCOMES = {
  succeeded: null,
  failed: 'tried again unless final',
  released: 'given back',
  handed_off: 'to an agent or to_role',
  waiting: 'for the answer to question, or the end of tasks in on',
  cancelled: null,
  approved: null,
  changes_requested: 'note says what to change',
} as const satisfies Record<ReleaseOutcome, string | null>;

const outcomes = Object.keys(OUTCOMES) as [ReleaseOutcome, ...ReleaseOutcome[]];
const hints = outcomes.filter((outcome) => OUTCOMES[outcome] !== null);

const input = z.strictObject({
  task: ofTask,
  outcome: z.enum(outcomes).describe(hints.map((outcome) => `${outcome}: ${OUTCOMES[outcome]}`).join('; ')),
  result: anyJson.optional(),
  error: z.string().optional(),
  final: z.boolean().optional(),
  to: z.string().optional(),
  to_role: z.string().optional(),
  question: z.string().optional(),
  on: z.array(z.string()).optional(),
  note: z.string().optional().describe('for the next holder'),
});

/** The API has one field for both, and its errors could not say which is wrong. */
const RECIPIENT = z.strictObject({ to: fields.name.optional(), to_role: fields.name.optional() });

export const releaseTask = defineTool({
  name: 'release_task',
  description: 'End your lease and say how the task ended.',
  loadAtOnce: true,
  input,

  async run({ task, ...end }, context, { ended }) {
    const held = context.held.find(task);
    if (!(held instanceof HeldTask)) return held;
    if (end.to !== undefined && end.to_role !== undefined)
      return refused('Refused: to and to_role were both given. Next: give one of the two.');
    fields.parseInput(RECIPIENT, { to: end.to, to_role: end.to_role });
    const call = { ...held.holder, ...callOf(end) };
    const reply = await context.store.send(
      'existing',
      (orchestrator, commandId) => orchestrator.releaseTask({ ...call, commandId }),
      ended,
    );
    if (!reply.ok) {
      const lost = context.held.lose(held, reply);
      context.held.forgetNotice(held);
      return refused(`${lost} No outcome was stored. Next: task_status ${held.name} tells what became of it.`);
    }
    return released(held, reply, end.outcome, context);
  },
});

type End = Omit<z.output<typeof input>, 'task'>;

/** What is called as in the API goes to it as it is. */
function callOf({ error, to, to_role: role, question, ...end }: End) {
  const recipient = to === undefined ? role !== undefined && { role } : { agent: to };
  return {
    ...end,
    ...(error !== undefined && { error: { message: error } }),
    ...(question === undefined
      ? recipient && { to: recipient }
      : { ask: { question, ...(recipient && { to: recipient }) } }),
  } satisfies Partial<Parameters<Orchestrator['releaseTask']>[0]>;
}

function released(
  held: HeldTask,
  { status, runAt, otherTerms }: ReleasedItem,
  outcome: ReleaseOutcome,
  context: ToolContext,
): Answer {
  const again = runAt === null ? '' : `, not before ${isoSeconds(runAt)}`;
  const stands = otherTerms ? ' An earlier release with other terms stands.' : '';
  const late = lateVerdict(outcome, status);
  const counts = isVerdict(outcome) && !otherTerms ? ` The verdict counts for round ${held.lease.round}.` : '';
  const judged = late === null ? counts : ` ${late}`;
  const now = `${held.name} was released as ${outcome} and is ${status}${again}.${stands}${judged}`;
  context.held.end(held, now);
  return said(`${now} ${context.held.holdingsLine} Next: ${context.held.next}.`);
}
