/*
 * A group has one user only:
 *  - it is named like the user, and has no other member, neither by name nor as a first group
 */
import { expect, test } from 'vitest';
import { isGroupOfOneUser } from '../src/system/group-of-one-user.ts';

const ALICE = 'alice:x:1000:1000::/home/alice:/bin/sh';
const BOB = 'bob:x:1001:1000::/home/bob:/bin/sh';

test.for([
  [true, ALICE, 'alice:x:1000:'],
  [true, ALICE, 'alice:x:1000:alice'],
  [false, ALICE, 'alice:x:1000:bob'],
  [false, ALICE, 'users:x:1000:'],
  [false, `${ALICE}\n${BOB}`, 'alice:x:1000:'],
  [false, BOB, 'alice:x:1000:'],
  [false, ALICE, 'alice:x:1002:'],
] as const)('%s: %s, %s', ([expected, passwd, group]) => {
  expect(isGroupOfOneUser(1000, 1000, { passwd, group })).toBe(expected);
});
