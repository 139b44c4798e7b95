import type { Call } from '../call.ts';
import { usage } from '../failure.ts';
import { collect, parseCount } from '../input/parse.ts';
import type { Answer } from '../output/output.ts';
import type { Define } from '../command-module.ts';
import { notFound } from '../refusals.ts';

interface ResumeOptions {
  readonly role?: string[];
  readonly budget?: number;
}

const define: Define = (program, run) => {
  program
    .command('resume')
    .description(
      'print a card for an agent: its work, what is left, what changed since; times are UTC; empty if there is nothing',
    )
    .argument('[session]', 'its id (default: the session that the agent holds, or last held)')
    .option('--role <name>', 'a role of the agent, whose waiting tasks are shown, too (repeatable)', collect)
    .option('--budget <tokens>', 'maximum length in tokens (bytes ÷ 3), 400 to 20000 (default: 2000)', parseCount)
    .action(run<ResumeOptions, [string | undefined]>(resume));
};

export default define;

async function resume(call: Call<ResumeOptions>, sessionId: string | undefined): Promise<Answer> {
  const { readResume, resumeCard, RESUME_BUDGET } = await import('../store-access.ts');
  const { instance, role, budget = RESUME_BUDGET.default } = call.options;
  if (budget < RESUME_BUDGET.min || budget > RESUME_BUDGET.max)
    throw usage(`--budget must be from ${RESUME_BUDGET.min} to ${RESUME_BUDGET.max} tokens.`, undefined, 'budget');
  const agent = sessionId === undefined ? (await call.requireAgent()).agent : call.options.agent;
  await using orchestrator = await call.open('read-only');
  const answer = await readResume(orchestrator, {
    sessionId,
    agent,
    instance,
    roles: role,
    caller: await call.caller(),
  });
  const { facts, asOf } = answer;
  const session = facts?.session ?? null;
  if (sessionId !== undefined && session === null) throw notFound('session', sessionId);
  const text = resumeCard(answer, budget);
  return {
    kind: 'resume',
    data: facts === null ? null : { ...facts, text },
    asOf,
    ids: session === null ? [] : [session.id],
    text: () => (text === '' ? [] : text.trimEnd().split('\n')),
  };
}
