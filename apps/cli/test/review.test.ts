/**
 * Reviews on the command line:
 * - the agent that did the work is refused, exit 77; another one approves, or sends the task back with notes
 * - a verdict that names the round or the result is given on that work alone, exit 1 for other work
 * - a task that is not in review gets no verdict, exit 1
 * - the claim of a review says how it ends
 * - one command id cannot name the two commands of a verdict: sent again, it would approve another review
 */
import { test } from 'vitest';
import { Cli } from './support/cli.ts';

/** The id of a task whose work is done, by company-agent. */
async function inReview(cli: Cli, approvals = 1): Promise<string> {
  const terms = ['--review-role', 'reviewer', '--approvals', String(approvals)];
  const { data } = await cli.json(['task', 'create', 'parser', ...terms]);
  const claim = await cli.json(['claim', '--agent', 'company-agent']);
  const { lease } = claim.data as unknown as { readonly lease: { readonly token: string } };
  await cli.run(['release', '--token', lease.token, '--outcome', 'succeeded']);
  return data.id;
}

test.concurrent('another agent approves the work, and its holder does not', async ({ expect }) => {
  using cli = new Cli();
  const id = await inReview(cli);

  const own = await cli.json(['approve', id, '--agent', 'company-agent']);
  const other = await cli.json(['approve', id, '--agent', 'home-agent']);
  const again = await cli.json(['approve', id, '--agent', 'home-agent']);

  expect([own.exit, own.error.code]).toEqual([77, 'REVIEW_OWN_WORK']);
  expect([other.exit, other.data['status'], other.data['verdict']]).toEqual([0, 'succeeded', 'approved']);
  expect([again.exit, again.error.code]).toEqual([1, 'NOT_IN_REVIEW']);
});

test.concurrent('a verdict on what was seen is refused for other work, and says on what it was given', async ({
  expect,
}) => {
  using cli = new Cli();
  const id = await inReview(cli);
  const shown = (await cli.run(['task', 'show', id])).stdout;
  const digest = /result sha256 +([0-9a-f]{64})/u.exec(shown)?.[1] ?? '';
  const as = ['approve', id, '--agent', 'home-agent'];

  const round = await cli.json([...as, '--round', '2']);
  const result = await cli.json([
    ...as,
    '--result-sha256',
    digest.replace(/^./u, (first) => (first === '0' ? '1' : '0')),
  ]);
  const malformed = await cli.json([...as, '--result-sha256', 'x']);
  const done = await cli.json([...as, '--round', '1', '--result-sha256', digest]);

  expect([round.exit, round.error.code, round.error.field]).toEqual([1, 'OTHER_WORK', 'round']);
  expect([result.exit, result.error.code, result.error.field]).toEqual([1, 'OTHER_WORK', 'result_sha256']);
  expect(malformed.exit).toBe(64);
  expect(done.data).toMatchObject({ status: 'succeeded', round: 1, result_sha256: digest });
});

test.concurrent('changes send the work back with their notes', async ({ expect }) => {
  using cli = new Cli();
  const id = await inReview(cli);

  const none = await cli.run(['request-changes', id, '--agent', 'home-agent']);
  const { exit, data } = await cli.json(['request-changes', id, '--agent', 'home-agent', '--notes', 'name it']);

  expect([none.exit, exit, data['status']]).toEqual([64, 0, 'queued']);
  expect((await cli.json(['task', 'show', id])).data).toMatchObject({ note: 'name it' });
  expect((await cli.run(['events', '--task', id])).stdout).toContain(
    'by home-agent  round=1  notes=name it  proof=unproven',
  );
});

test.concurrent('the claim of a review says how it ends', async ({ expect }) => {
  using cli = new Cli();
  await inReview(cli);

  const { stdout, stderr } = await cli.run(['claim', '--agent', 'home-agent', '--role', 'reviewer']);

  expect(stdout).toContain('(in_review), by company-agent');
  expect(stderr).toMatch(/at the end: orchestrator release .*--outcome approved, or changes_requested --note TEXT/);
});

test.concurrent('a verdict takes no command id, and nothing is approved', async ({ expect }) => {
  using cli = new Cli();
  const id = await inReview(cli, 2);
  const commandId = ['--command-id', '01a203a0-dea4-7000-8ba7-04c45de03ee3'];

  const { exit, error } = await cli.json(['approve', id, '--agent', 'home-agent', ...commandId]);

  expect([exit, error.code]).toEqual([64, 'USAGE']);
  expect((await cli.run(['status'])).stdout).toContain('succeeded 0');
});
