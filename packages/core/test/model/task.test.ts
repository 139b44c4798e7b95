// Who may claim a task by its addressee: the rule without texts is that of the index.
import { expect, test } from 'vitest';
import { addresseeOf, addresseesOf, isFor } from '../../src/model/task.ts';

const TASKS = [
  { assignee: null, role: null },
  { assignee: 'ann', role: null },
  { assignee: 'bob', role: null },
  { assignee: null, role: 'builder' },
  { assignee: null, role: 'reviewer' },
];

test.for([[[]], [['builder']], [['builder', 'reviewer']], [['ann']]] as const)(
  'a task is for ann with the roles %j if its addressee is one of hers',
  ([roles]) => {
    const listed = TASKS.filter((task) => addresseesOf('ann', roles).includes(addresseeOf(task)));

    expect(TASKS.filter((task) => isFor({ agent: 'ann', roles }, task))).toEqual(listed);
    expect(listed).toContain(TASKS[1]);
  },
);
