import type { Event } from '@agent-orchestrator/core';
import { drop, edit, find, insertAfter, is } from '../checker-forgery.ts';
import type { Run } from '../checker-recorder.ts';
import { byId, log, type PlantedFault } from './planted-fault.ts';

const isWork = is('task.claimed', 'reviewed');
const isReview = ({ type, payload }: Event) => type === 'task.queued' && payload.includes('"review_of"');

/** The review that was given its verdict, and the one that is open. */
function reviewsIn(day: Run): readonly [Event, Event] {
  const [one, other] = day.events.filter(isReview) as [Event, Event];
  const isJudged = day.events.some(({ type, taskId }) => type === 'task.succeeded' && taskId === one.taskId);
  return isJudged ? [one, other] : [other, one];
}

/** Who reviews, what is left to review, and for whom: I15, I20 and I22. */
export const reviews: readonly PlantedFault[] = [
  {
    invariant: 'I15',
    fault: 'an agent reviews work that it held',
    also: ['I4'],
    plant: log((day) =>
      edit(day, is('task.claimed', reviewsIn(day)[0].taskId ?? ''), { agent: find(day, isWork).agent }),
    ),
  },
  {
    invariant: 'I15',
    fault: 'the work was held by its reviewer',
    also: ['I4'],
    plant: log((day) =>
      edit(day, isWork, { agent: find(day, is('task.claimed', reviewsIn(day)[0].taskId ?? '')).agent }),
    ),
  },
  {
    invariant: 'I22',
    fault: 'an open review was for the agent that held the work',
    plant: log((day) => edit(day, byId(reviewsIn(day)[1]), {}, { assignee: 'company-agent', role: null })),
  },
  {
    invariant: 'I22',
    fault: 'an open review was for the agent that approved the other one, and is so still',
    also: ['I8'],
    plant: log((day) => edit(day, byId(reviewsIn(day)[1]), {}, { assignee: 'home-agent', role: null })),
  },
  {
    invariant: 'I15',
    fault: 'an agent approved twice',
    plant: log((day) => insertAfter(day, is('task.approved', 'reviewed'), {})),
  },
  {
    invariant: 'I20',
    fault: 'a review was never queued',
    plant: log((day) => drop(drop(day, byId(reviewsIn(day)[1])), is('task.reviewer_excluded'))),
  },
  {
    invariant: 'I20',
    fault: 'a review was cancelled, and its task waits for it',
    plant: log((day) =>
      insertAfter(day, is('task.reviewer_excluded', reviewsIn(day)[1].taskId ?? ''), {
        type: 'task.cancelled',
        payload: '{"error":null,"outcome":null}',
      }),
    ),
  },
];
