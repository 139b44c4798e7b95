import type { Task } from '@agent-orchestrator/core';
import { withDecision, withReader, type Mutant } from './mutant.ts';

const CHAPTER = 'questions and answers';

/** Saves tasks that have just been asked, or answered, otherwise. */
const saved = (isMeant: (before: Task, after: Task) => boolean, change: (after: Task, before: Task) => Partial<Task>) =>
  withDecision((writeSet) => ({
    ...writeSet,
    tasks: writeSet.tasks.map(({ before, after }) =>
      before !== null && isMeant(before, after)
        ? { before, after: { ...after, ...change(after, before) } }
        : { before, after },
    ),
  }));
const isAsked = (before: Task, after: Task) => before.status === 'running' && after.status === 'waiting';
const isAnswered = (before: Task, after: Task) => before.status === 'waiting' && after.status === 'queued';

export const questions: readonly Mutant[] = [
  {
    name: 'a task that asks stays in the queue',
    chapter: CHAPTER,
    wrap: saved(isAsked, () => ({ status: 'queued' })),
  },
  {
    name: 'a question charges an attempt',
    chapter: CHAPTER,
    wrap: saved(isAsked, (_after, before) => ({ attempt: before.attempt })),
  },
  { name: 'whom a question asks is not kept', chapter: CHAPTER, wrap: saved(isAsked, () => ({ askedRole: null })) },
  {
    name: 'an answer queues its task at the end',
    chapter: CHAPTER,
    wrap: saved(isAnswered, (after) => ({ queuedAt: after.queuedAt + 60_000 })),
  },
  { name: 'an answer is lost', chapter: CHAPTER, wrap: saved(isAnswered, () => ({ answer: null })) },
  { name: 'the author of an answer is lost', chapter: CHAPTER, wrap: saved(isAnswered, () => ({ answeredBy: null })) },
  {
    name: 'questions are listed by the ids of their tasks',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      async questions(filter) {
        const { items, next } = await read.questions(filter);
        return { items: items.toSorted((a, b) => (a.id < b.id ? -1 : 1)), next };
      },
    })),
  },
  {
    name: 'questions are listed whomever they ask',
    chapter: CHAPTER,
    wrap: withReader((read) => ({ questions: ({ addressees: _all, ...filter }) => read.questions(filter) })),
  },
  {
    name: 'the second page of questions is the first',
    chapter: CHAPTER,
    wrap: withReader((read) => ({ questions: ({ after: _after, ...filter }) => read.questions(filter) })),
  },
  {
    name: 'questions of other namespaces are listed',
    chapter: CHAPTER,
    wrap: withReader((read) => ({ questions: (filter) => read.questions({ ...filter, namespace: 'default' }) })),
  },
  {
    name: 'waiting tasks are not counted',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      async counts(namespace, max) {
        const { tasks, ...counts } = await read.counts(namespace, max);
        return { ...counts, tasks: { ...tasks, waiting: 0 } };
      },
    })),
  },
];
