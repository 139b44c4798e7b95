/*
 * Which descriptors beyond 2 a process has of the one that started it:
 *  - files, one end of a pipe, both ends of a pipe that is older than Node's own, and copies of a standard stream
 *  - not the anonymous objects and pipes that Node has opened
 */
import { expect, test } from 'vitest';
import { ownDescriptors, type Descriptor } from '../src/run/inherited-descriptors.ts';

const descriptor = (number: number, target: string, more: Partial<Descriptor> = {}): Descriptor => ({
  number,
  target,
  isBlocking: true,
  changedAt: 0n,
  ...more,
});

const STANDARD = [0, 1, 2].map((number) => descriptor(number, ['/dev/pts/0', 'pipe:[1]', '/dev/pts/0'][number] ?? ''));
const OF_NODE = [
  descriptor(10, 'anon_inode:[eventpoll]'),
  descriptor(11, 'anon_inode:[eventfd]', { isBlocking: false }),
  descriptor(12, 'pipe:[8]', { changedAt: 8n }),
  descriptor(13, 'pipe:[8]', { changedAt: 8n }),
  descriptor(14, 'pipe:[9]', { isBlocking: false, changedAt: 9n }),
  descriptor(15, 'pipe:[9]', { isBlocking: false, changedAt: 9n }),
];

test.for([
  ['a file', [descriptor(3, '/work/in')]],
  ['one end of a pipe', [descriptor(3, 'pipe:[2]')]],
  ['a copy of standard output', [descriptor(3, 'pipe:[1]')]],
  ['two copies of it', [descriptor(3, 'pipe:[1]'), descriptor(4, 'pipe:[1]')]],
  ['a terminal', [descriptor(3, '/dev/pts/0')]],
  ['a device', [descriptor(30, '/dev/null')]],
  ['an object of the kernel that Node does not use', [descriptor(3, 'anon_inode:[pidfd]')]],
  ['an event counter that blocks', [descriptor(3, 'anon_inode:[eventfd]')]],
  ['a file in memory', [descriptor(30, '/dev/shm/lock')]],
  [
    'both ends of an older pipe',
    [descriptor(3, 'pipe:[7]', { changedAt: 7n }), descriptor(4, 'pipe:[7]', { changedAt: 7n })],
  ],
] as const)('%s is of the process that started it, and nothing of Node is', ([, inherited]) => {
  const own = ownDescriptors([...STANDARD, ...inherited, ...OF_NODE]);

  expect([...own].toSorted((a, b) => a - b)).toEqual(OF_NODE.map(({ number }) => number));
});
