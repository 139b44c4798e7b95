// The same for commands under a lease, and for processes that workers start.
import type { Case } from './case.ts';

const CLI = 'apps/cli/test';
const RUNTIME = 'packages/runtime/test';

export const RUN_CASES: readonly Case[] = [
  {
    name: 'Ctrl-C on a terminal counts as a failed attempt',
    tests: [
      [
        `${CLI}/run-in-doubt.slow.test.ts`,
        'Ctrl-C on a terminal goes to the command by %s, and charges no attempt if it obeys it',
      ],
      [
        `${CLI}/run-in-doubt.slow.test.ts`,
        'a Ctrl-C that the wrapper gets after the command has ended charges no attempt',
      ],
    ],
    needs: 'the program `script`',
  },
  {
    name: 'nohup does not keep a run alive',
    tests: [[`${CLI}/run-ending.test.ts`, 'a hang-up ends nothing that was started to survive it: %s']],
  },
  {
    name: 'the secret of the store is in the environment of the command of run',
    tests: [
      [
        `${CLI}/run-postgres.slow.test.ts`,
        'the password of the store is in no variable of the command, which uses the lease all the same',
      ],
    ],
    needs: 'Linux',
  },
  {
    name: 'what has left the process group works on beside the next holder',
    tests: [
      [`${CLI}/run-offspring.slow.test.ts`, '%s, a timeout ends it'],
      [`${CLI}/run-offspring.slow.test.ts`, '%s, a lost lease ends it'],
    ],
    needs: 'Linux',
  },
  {
    name: 'what was started without an environment is not seen when its wrapper is killed',
    tests: [
      [`${CLI}/run-offspring.slow.test.ts`, '%s, it keeps a killed run from being dead, until it has ended'],
      [`${CLI}/run-offspring.slow.test.ts`, '%s, a run that was killed with its keeper'],
    ],
    needs: 'Linux',
  },
  {
    name: 'a signal that reaches the command before its wrapper counts as a failed attempt',
    tests: [[`${CLI}/run-ending.test.ts`, 'a signal that the wrapper gets after %s charges no attempt']],
  },
  {
    name: 'a task whose command has a long name is not given back',
    tests: [
      [
        `${RUNTIME}/report.test.ts`,
        'why a command never started is a note that the store takes, wherever it is cut: %j',
      ],
    ],
  },
  {
    name: 'what a handler starts gets the password of the store in its environment',
    tests: [
      [
        `${RUNTIME}/worker-commands.test.ts`,
        'get the password of the store in a private file, which is removed with the handler',
      ],
    ],
    needs: 'Linux',
  },
  {
    name: 'kill -INT to a wrapper on a terminal reaches no process',
    tests: [[`${CLI}/run-in-doubt.slow.test.ts`, 'on a terminal, %s to the wrapper alone is passed on']],
    needs: 'the program `script`',
  },
  {
    name: 'a lease counts as dead that another program renews with its token',
    tests: [[`${CLI}/run-dead-at-once.slow.test.ts`, 'a %s of %s, then the run and all that it started are killed']],
    needs: 'Linux',
  },
  {
    name: 'what hops from process to process works on while run says that it is paused',
    tests: [[`${RUNTIME}/hopping-command.test.ts`, 'a pause reaches it, and it continues afterwards']],
    needs: 'Linux',
  },
  {
    name: 'what has joined another namespace of processes works on beside the next holder',
    tests: [
      [`${CLI}/run-namespaces.slow.test.ts`, '%s, what has joined a namespace that was there before'],
      [`${CLI}/run-namespaces.slow.test.ts`, '%s, a run that is asked to end such a command exits with %i'],
    ],
    needs: 'root on Linux',
  },
  {
    name: 'what has left its keeper is not seen: below another keeper, on the same terminal, without cgroups',
    tests: [
      [`${RUNTIME}/strangers.slow.test.ts`, 'for %s, %s, is a doubt until it has ended'],
      [`${RUNTIME}/strangers.slow.test.ts`, 'is alive in its cgroup, also for one who sees no cgroups'],
    ],
    needs: 'root on Linux',
  },
  {
    name: 'why tells both that all has ended and that something is alive',
    tests: [
      [
        `${CLI}/run-namespaces.slow.test.ts`,
        'what is executed into the container of a killed run is none of it, unless it has the lease',
      ],
    ],
    needs: 'root on Linux',
  },
  {
    name: 'run ends nothing where it cannot see its own processes',
    tests: [
      [
        `${CLI}/run-namespaces.slow.test.ts`,
        'where a run cannot see its own processes, a timeout ends its command with its group',
      ],
    ],
    needs: 'root on Linux',
  },
  {
    name: 'the command of run gets descriptors that Node has opened',
    tests: [[`${CLI}/run.test.ts`, 'on a terminal it gets none that Node has opened there']],
    needs: 'the program `script`',
  },
  {
    name: 'the path of an artifact is read as no other path is',
    tests: [[`${RUNTIME}/expected-files.test.ts`, 'a name is a path as everywhere']],
  },
];
