/*
 * Inputs on which the product failed once: what users met, what a neighbour can do, what a run with random faults
 * found. Each is kept as tests of the project with the right value. `npm run cases` runs just these.
 */
import type { Case } from './case.ts';
import { RUN_CASES } from './run-cases.ts';

const CLI = 'apps/cli/test';
const RUNTIME = 'packages/runtime/test';
const SQLITE = 'packages/storage-sqlite/test';
const POSTGRES = 'packages/storage-postgres/test';

export const CASES: readonly Case[] = [
  ...RUN_CASES,
  {
    name: 'a store with a second name has two holders',
    tests: [
      [`${SQLITE}/one-file.test.ts`, 'is refused by each, in mode %s'],
      [`${SQLITE}/one-file.test.ts`, 'is neither written nor read any more if it was open before'],
    ],
  },
  {
    name: 'a file that is mounted alone has two holders',
    tests: [[`${SQLITE}/one-file.test.ts`, 'of the file alone is refused; of its folder it is not']],
    needs: 'root on Linux',
  },
  {
    name: 'a log that is deleted while the store is open loses tasks',
    tests: [
      [`${SQLITE}/lost-log.slow.test.ts`, '%s: neither written nor read any more'],
      [`${SQLITE}/lost-log.slow.test.ts`, '%s during a commit: it is not acknowledged'],
    ],
  },
  {
    name: 'a final failure with too much data is tried again',
    tests: [[`${RUNTIME}/handler-ends.test.ts`, 'work that was done is not done again for its result: %#']],
  },
  {
    name: 'a database of another encoding is taken',
    tests: [[`${POSTGRES}/mistakes.test.ts`, 'a database with the encoding %s']],
  },
  {
    name: '~ in a variable is a folder of that name',
    tests: [[`${RUNTIME}/path.test.ts`, '%s is such a path']],
  },
  {
    name: 'doctor does not see that another process keeps the lock',
    tests: [
      [`${SQLITE}/inspect.test.ts`, 'it waits but a moment for a writer, whose process it names where the system does'],
    ],
  },
  {
    name: 'names in Hangul are refused',
    tests: [
      [
        `${SQLITE}/conformance.test.ts`,
        'a name in Hangul is one name, composed or not: agent, instance, kind, role and namespace',
      ],
      [`${POSTGRES}/conformance.test.ts`, 'an id in Hangul is one id, composed or not: session, task and dedupe key'],
      ['packages/import-legacy/test/ids.test.ts', 'names of agents, kinds and namespaces stay in any script'],
    ],
  },
  {
    name: 'session ids of hosts are refused',
    tests: [
      [
        `${SQLITE}/conformance.test.ts`,
        'ids of hosts are taken: colons, slashes, spaces inside, quotes, wildcards, braces',
      ],
      [
        `${POSTGRES}/conformance.test.ts`,
        'ids of hosts are taken: colons, slashes, spaces inside, quotes, wildcards, braces',
      ],
    ],
  },
  {
    name: 'the file of a backup is read as a URL',
    tests: [['tests/backup.slow.test.ts', 'whatever a file is called, it can be a backup']],
  },
  {
    name: 'a long path is a matter of rights, and leaves a file',
    tests: [
      [`${SQLITE}/unsuitable-place.test.ts`, 'a path of %d bytes is refused before anything is made'],
      [`${SQLITE}/unsuitable-place.test.ts`, 'the longest path works'],
    ],
  },
  {
    name: 'a place that is mounted read-only is a matter of owner and mode',
    tests: [
      [
        `${SQLITE}/unsuitable-place.test.ts`,
        'a place that is mounted read-only is named, for readers and writers alike (needs root)',
      ],
    ],
    needs: 'root on Linux',
  },
  {
    name: "an agent's login runs code as the operator, by the search path",
    tests: [
      [`${POSTGRES}/catalogue.slow.test.ts`, 'a store that is planted before it is made is not made'],
      [`${POSTGRES}/inspect.test.ts`, 'it tells who may create functions in the schema public'],
    ],
  },
  {
    name: "an agent's login ends all claims, shuts the store, ends leases unseen, blocks sessions, forges an address",
    tests: [
      [`${POSTGRES}/logins.slow.test.ts`, 'as the table says, as %s'],
      [`${POSTGRES}/logins.slow.test.ts`, 'verify finds: %s, as %s'],
      [
        `${POSTGRES}/logins.slow.test.ts`,
        'a holder continues whatever another agent has added to its session, and fences grow',
      ],
    ],
  },
  {
    name: 'a former holder writes under the instance of its successor',
    tests: [
      [`${CLI}/holder.slow.test.ts`, 'a holder that was taken over cannot write with the lease of its successor'],
      [
        `${CLI}/terminal.slow.test.ts`,
        'of two leases none is guessed, and one that is lost stays when its holder was told',
      ],
    ],
  },
  {
    name: 'a file that another user put in the place of the store is used',
    tests: [[`${SQLITE}/own-file.test.ts`, 'is refused and left as it was: store.db%s']],
    needs: 'root on Linux',
  },
  {
    name: 'the password of a mistyped address is shown',
    tests: [[`${CLI}/secrets.slow.test.ts`, 'a password in a mistyped command line comes back in no error: %j']],
  },
  {
    name: 'a password is sent in clear to any server that asks',
    tests: [[`${POSTGRES}/authentication.test.ts`, 'is not sent to a server that asks for it %s']],
  },
  {
    name: 'an empty HOME is the current folder',
    tests: [[`${RUNTIME}/path.test.ts`, 'HOME=%j is refused, unless nothing starts from it']],
  },
  {
    name: 'a schema that another login made is used',
    tests: [
      [`${POSTGRES}/catalogue.slow.test.ts`, 'refused by name: %s'],
      [`${POSTGRES}/catalogue.slow.test.ts`, 'a view in the place of a table is not read, and nothing hangs'],
    ],
  },
  {
    name: 'the lock names no hashes',
    tests: [['tests/supply-chain.test.ts', 'the lock names a hash for every package that is downloaded']],
  },
  {
    name: 'a follower misses events while several write',
    tests: [
      [
        `${POSTGRES}/followers.test.ts`,
        'it sees every event once and in order, while several write and all of them commit late',
      ],
    ],
  },
  {
    name: 'a page of events goes past what is settled',
    tests: [
      [
        `${POSTGRES}/followers.test.ts`,
        'while a writer is late, no page goes past what is settled, and the next page tells what it wrote',
      ],
    ],
  },
  {
    name: 'a follower of a quiet store outlives its reader',
    tests: [
      [`${CLI}/gone-reader.slow.test.ts`, 'head ends a follower of a quiet store with its first line'],
      [`${CLI}/gone-reader.slow.test.ts`, '%s ends when the other end of its socket is closed'],
    ],
  },
  {
    name: 'a follower misses what comes after a fail-over that lost events',
    tests: [['tests/cursor-ahead.test.ts', '%s: an open feed is refused when its events are lost: %j']],
  },
  {
    name: 'a reader sees half of a store that is being filled',
    tests: [
      [
        'tests/half-way.slow.test.ts',
        'what was opened on an empty %s store sees nothing of a restore until it is whole',
      ],
    ],
  },
  {
    name: 'another backup at the path of the first is taken for it',
    tests: [['tests/half-way.slow.test.ts', 'to %s: another backup at the path is refused, cut off at step %i']],
  },
  {
    name: "another application's database is imported",
    tests: [['packages/import-legacy/test/file.test.ts', '%s is refused with %s and left as it was']],
  },
  {
    name: 'a cancelled task works on until the next heartbeat',
    tests: [
      [`${CLI}/cancel-soon.test.ts`, 'run %j ends its command'],
      [`${RUNTIME}/cancel-look.test.ts`, 'a handler is aborted within a second, on a real file'],
    ],
  },
  {
    name: 'a setting of the database makes claims fail',
    tests: [[`${POSTGRES}/foreign-settings.test.ts`, 'a setting of ours is %j for each connection']],
  },
  {
    name: 'a line break in a word begins a line of an error',
    tests: [[`${CLI}/usage.slow.test.ts`, 'a line break in %j begins no line']],
  },
  {
    name: 'variation selectors carry a text that is not seen',
    tests: [[`${CLI}/screen.slow.test.ts`, 'a variation selector passes where people write it, once: %j']],
  },
  {
    name: 'a retry waits for hours after the clock was set right',
    tests: [
      [`${RUNTIME}/clocks.slow.test.ts`, 'a pause that began while the clock was nine hours ahead is over in time'],
      [`${RUNTIME}/clocks.slow.test.ts`, 'so it is for a process that has just started with the right clock'],
      [`${CLI}/two-clocks.slow.test.ts`, 'an attempt that failed while the clock was %i h ahead is soon tried again'],
    ],
  },
  {
    name: 'a process whose clock is set back can send no command any more',
    tests: [
      [`${RUNTIME}/clocks.slow.test.ts`, 'after its clock was set back by two hours a process can send commands'],
    ],
  },
  {
    name: 'one process with another clock stops recovery and fills the log',
    tests: [
      [
        `${RUNTIME}/clocks.slow.test.ts`,
        'a process with a clock %i min ahead neither stops recovery nor fills the log',
      ],
      [`${CLI}/two-clocks.slow.test.ts`, 'beside a recover whose clock is %i h ahead, dead holders are recovered once'],
    ],
  },
  {
    name: 'a sentence that an agent chose as an id stands in the resume card as if it was ours',
    tests: [
      [
        `${RUNTIME}/resume-card-names.test.ts`,
        'an id that is a whole sentence is quoted, or its number stands in its place',
      ],
    ],
  },
  {
    name: 'a final failure of another copy of the package is tried again',
    tests: [
      [`${RUNTIME}/other-copy.test.ts`, 'a failure of another copy of this package is as final as one of this copy'],
    ],
  },
  {
    name: 'two ids that are not UTF-8 are one',
    tests: [[`${CLI}/usage.slow.test.ts`, 'bytes that are not UTF-8 are refused: %s, exit %i']],
    needs: 'Linux',
  },
  {
    name: 'a follower outlives a terminal that does not control it',
    tests: [[`${CLI}/gone-reader.slow.test.ts`, 'a closed terminal ends a program in a session of its own']],
    needs: 'the program `script`',
  },
  {
    name: 'a server that proves nothing is taken although the URL demands a proof',
    tests: [[`${POSTGRES}/authentication.test.ts`, 'a server that %s is refused']],
  },
  {
    name: 'a configuration that others can read is used with its password',
    tests: [[`${RUNTIME}/settings.test.ts`, 'is refused if its store has a password: mode %o']],
  },
  {
    name: 'one row with an id that no command accepts ends every list',
    tests: [[`${CLI}/ids-by-sql.slow.test.ts`, 'exit %i, and the id is shown: %j']],
  },
  {
    name: 'a umask that takes bits of the owner makes a store that no command can open',
    tests: [
      [
        `${SQLITE}/store-file.test.ts`,
        'is readable by its owner alone, side files and new folders included, under umask %s',
      ],
      [`${RUNTIME}/path.test.ts`, 'private folders and files can be used by their owner alone, under umask %s'],
    ],
  },
  {
    name: 'the demo cannot use what it made, under a umask that takes bits of the owner',
    tests: [
      [
        'examples/demo/test/demo.slow.test.ts',
        'with --json it prints one object, which says the same, also under umask 0777',
      ],
    ],
  },
  {
    name: 'what a hook says of a failure moves the cursor',
    tests: [
      ['apps/agent-plugins/test/hook.test.ts', 'it prints nothing where there is nothing to tell, and where it fails'],
    ],
  },
];
