import { shellArgument, shellWord, type WhySubject } from '@agent-orchestrator/runtime';
import type { Call } from '../call.ts';
import { Failure, usage } from '../failure.ts';
import { collect } from '../input/parse.ts';
import type { Answer } from '../output/output.ts';
import type { Define } from '../command-module.ts';
import { mentionedIn, whyLines } from '../views/why.ts';

interface WhyOptions {
  readonly kind?: string[];
  readonly role?: string[];
}

const SUBJECTS: readonly WhySubject[] = ['task', 'session', 'agent'];

const define: Define = (program, run) => {
  program
    .command('why')
    .description('explain why a task can or cannot be claimed, and what to do next')
    .argument('<what>', 'an id; or task, session or agent, followed by the id')
    .argument('[id]', 'the id, if the first argument is task, session or agent')
    .option('--kind <name>', 'for a claim of this kind only (repeatable)', collect)
    .option('--role <name>', 'for an agent with this role (repeatable)', collect)
    .action(run<WhyOptions, [string, string | undefined]>(why));
};

export default define;

async function why(call: Call<WhyOptions>, what: string, given: string | undefined): Promise<Answer> {
  const { agent, kind, role } = call.options;
  const { id, subject } = asked(what, given);
  const { askWhy } = await import('@agent-orchestrator/runtime');
  await using orchestrator = await call.open('read-only');
  const answer = await askWhy(orchestrator, {
    id,
    subject,
    claimant: {
      ...(agent !== undefined && { agent }),
      ...(role !== undefined && { roles: role }),
      ...(kind !== undefined && { kinds: kind }),
    },
  });
  if (answer === null) throw nothingCalled(id, subject);
  const { asOf, ...data } = answer;
  const names = await call.names(orchestrator, mentionedIn(data.why));
  return {
    kind: 'why',
    data: { ...data.why, processes: data.processes, alsoA: data.alsoA },
    asOf,
    ids: [id],
    text: (paint) => whyLines(answer, names, paint),
    chatter: [
      ...(subject === undefined
        ? [`${id} was taken as ${data.why.subject === 'agent' ? 'an' : 'a'} ${data.why.subject}`]
        : []),
      ...data.alsoA.map(
        (other) =>
          `it is the id of ${other === 'agent' ? 'an' : 'a'} ${other}, too: ` +
          `orchestrator why ${shellWord(other)} ${shellArgument(id)}`,
      ),
    ],
  };
}

function asked(
  what: string,
  given: string | undefined,
): { readonly id: string; readonly subject: WhySubject | undefined } {
  if (given === undefined) return { id: what, subject: undefined };
  const subject = SUBJECTS.find((one) => one === what);
  if (subject === undefined)
    throw usage(
      `why cannot explain a ${what}.`,
      'Write why ID, or why task ID, why session ID, why agent NAME.',
      'what',
    );
  return { id: given, subject };
}

function nothingCalled(id: string, subject: WhySubject | undefined): Failure {
  return new Failure('NOT_FOUND', `There is no ${subject ?? 'task, session or known agent'} ${id}.`, {
    hint:
      '`orchestrator task list` and `orchestrator session list` show the ids. ' +
      '`orchestrator why agent NAME` takes any name.',
    field: 'id',
  });
}
