import type { ClaimRecord } from '@agent-orchestrator/core';
import { counted, labelOf, shellWord, shownContext, type Names } from '@agent-orchestrator/runtime';
import type { Paint } from '../output/style.ts';
import { fields } from '../output/table.ts';
import { moment } from '../output/time.ts';
import { placeFlags } from '../given-place.ts';
import type { Answer } from '../output/output.ts';
import type { LeftInTerminal } from '../terminal.ts';
import { contextFields } from './session.ts';
import { resultFields } from './artifact.ts';
import { jsonText } from './json-text.ts';
import { questionFields, taskLine } from './task.ts';

const NAMED_MAX = 5;

export function claimCard(
  { task, lease, context, takeover, reviewed, dependencies, subtasks }: ClaimRecord,
  names: Names,
  now: number,
  paint: Paint,
): string[] {
  return [
    taskLine(task, paint),
    ...fields(
      [
        ['session', names.sessionLabel(lease.sessionId)],
        ['fence', String(lease.fence)],
        ['token', lease.token],
        ['yours until', moment(lease.expiresAt, now)],
        ['attempt', `${task.attempt} of ${task.attemptsMax}, ${counted(task.interruptions, 'interruption')}`],
        ['taken over', takeover === null ? null : `from ${takeover.from.agent} (${takeover.reason})`],
        ...questionFields(task, now),
        ['note', task.note],
        ['depends on', resultsOf(dependencies)],
        ['sub-tasks', resultsOf(subtasks)],
        ...contextFields(context),
        ...reviewedFields(reviewed),
      ],
      paint,
    ),
  ];
}

/** What a reviewer has to judge. */
function reviewedFields(reviewed: ClaimRecord['reviewed']): [string, string | null][] {
  if (reviewed === undefined) return [];
  const { task, context } = reviewed;
  return [
    ['reviews', `${labelOf('task', task)} (${task.status}), by ${task.review?.holders.join(', ') ?? ''}`],
    ['its payload', jsonText(task.payload)],
    ...resultFields(task.result, 'its result'),
    ['its last action', context?.lastAction ?? null],
    ['its memory', context === null ? null : shownContext(context).memoryRef],
  ];
}

/** The results are in the JSON: here are the names of the tasks. */
function resultsOf(related: ClaimRecord['dependencies']): string | null {
  if (related === undefined) return null;
  const names = related.items.slice(0, NAMED_MAX).map((task) => `${labelOf('task', task)} (${task.status})`);
  const more = related.more || related.items.length > NAMED_MAX;
  return `${names.join(', ')}${more ? ', …' : ''}; results: --json`;
}

type NextSteps = Required<Pick<Answer, 'chatter' | 'needed'>>;

/** What the holder types next. Without the token, it could not work under the lease at all. */
export function nextSteps({ task, lease }: ClaimRecord, { place, needsToken }: LeftInTerminal): NextSteps {
  const given = place ?? { store: null, namespace: null };
  const outcome = task.reviewOf === null ? 'succeeded' : VERDICTS;
  const first = `first: ${tokenExport(lease)}`;
  const chatter = [
    ...(place === null ? [] : [first]),
    `next: orchestrator checkpoint${placeFlags(given)} --next-action TEXT`,
    `at the end: orchestrator release${placeFlags(given)} --outcome ${outcome}`,
    ...(place === null ? [] : ['in a script: eval "$(orchestrator claim --env)"']),
  ];
  return { chatter, needed: needsToken ? [first] : [] };
}

const VERDICTS = 'approved, or changes_requested --note TEXT';

/** Sets the token for the holder's commands. A variable, because other users can see flags in `ps`. */
function tokenExport({ token }: ClaimRecord['lease']): string {
  return `export ORCHESTRATOR_TOKEN=${shellWord(token)}`;
}
