import { drop, edit, is } from '../checker-forgery.ts';
import { both, log, type PlantedFault } from './planted-fault.ts';

/** Questions and answers: I21. */
export const questions: readonly PlantedFault[] = [
  {
    invariant: 'I21',
    fault: 'a task is granted while its question is open: the answer is lost',
    also: ['I8'],
    plant: log((day) => drop(day, is('task.answered'))),
  },
  {
    invariant: 'I21',
    fault: 'an answer was acknowledged, and the task is granted without it',
    also: ['I6', 'I8'],
    plant: both((day) => drop(day, is('task.answered'))),
  },
  {
    invariant: 'I21',
    fault: 'an answer belongs to a question of another time',
    plant: log((day) => edit(day, is('task.answered'), {}, { asked_at: 1 })),
  },
  {
    invariant: 'I21',
    fault: 'a task waits for nothing',
    plant: log((day) => edit(day, is('task.asked'), {}, { question: '' })),
  },
  {
    invariant: 'I21',
    fault: 'a task is answered that was only given back',
    also: ['I8'],
    plant: log((day) => edit(day, is('task.asked'), { type: 'task.released' }, { outcome: 'released' })),
  },
];
