/**
 * Keys and signed verdicts on the command line:
 * - a key is made for a registered agent: its private half in a file of mode 0600, encrypted; shown, listed, revoked
 * - an approval of its agent is signed; a wrong passphrase, or none, writes nothing
 * - a role can demand signatures; then a verdict without one is refused, and says what to do
 * - a key whose file others can read is not used
 */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';

const PASSPHRASE = { ORCHESTRATOR_KEY_PASSPHRASE: 'correct horse battery' };

/** The owner is registered; the work of a task is done and waits for its approval. */
async function inReview(cli: Cli): Promise<string> {
  await cli.run(['agent', 'register', 'owner', '--role', 'owner', '--human']);
  const { data } = await cli.json(['task', 'create', 'parser', '--review-role', 'owner', '--approvals', '1']);
  const claim = await cli.json(['claim', '--agent', 'company-agent']);
  await cli.run(['release', ...holderOf(claim.data.lease), '--outcome', 'succeeded']);
  return data.id;
}

test.concurrent('a key is made, shown, listed, used and revoked', async ({ expect }) => {
  using cli = new Cli();
  const id = await inReview(cli);

  const none = await cli.json(['agent', 'key', 'create', 'unknown'], { env: PASSPHRASE });
  const made = await cli.json(['agent', 'key', 'create', 'owner'], { env: PASSPHRASE });
  const { file, fingerprint } = made.data as unknown as { readonly file: string; readonly fingerprint: string };
  const shown = await cli.json(['agent', 'key', 'show', 'owner']);
  const listed = await cli.json(['agent', 'key', 'list']);
  const approved = await cli.json(['approve', id, '--agent', 'owner'], { env: PASSPHRASE });

  expect([none.exit, none.error.code]).toEqual([66, 'NOT_FOUND']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
  expect(file).toContain(fingerprint);
  expect(shown).toMatchObject({ kind: 'agent_key', data: made.data });
  expect(listed).toMatchObject({ kind: 'agent_keys', data: [made.data], meta: { signed_roles: [] } });
  expect(approved).toMatchObject({ exit: 0, data: { status: 'succeeded', proof: 'signature' } });
  expect((await cli.json(['task', 'show', id])).data).toMatchObject({
    review: { approved: [{ agent: 'owner', proof: 'signature' }] },
  });
  expect((await cli.run(['task', 'show', id])).stdout).toContain('approved by owner, signature');
  expect((await cli.run(['verify'])).exit).toBe(0);
  expect((await cli.json(['agent', 'key', 'revoke', 'owner'])).data).toMatchObject({ public_key: null });
  expect((await cli.json(['agent', 'key', 'show', 'owner'])).error.code).toBe('KEY_NOT_FOUND');
});

test.concurrent('a passphrase that is wrong, missing or too short writes nothing', async ({ expect }) => {
  using cli = new Cli();
  const id = await inReview(cli);
  const file = join(cli.folder, 'passphrase');
  writeFileSync(file, 'correct horse battery\n');
  const short = await cli.json(['agent', 'key', 'create', 'owner'], { env: { ORCHESTRATOR_KEY_PASSPHRASE: 'short' } });
  const made = await cli.run(['agent', 'key', 'create', 'owner', '--passphrase-file', file]);
  const endless = await cli.json(['agent', 'key', 'create', 'owner', '--passphrase-file', '/dev/zero']);
  const events = (await cli.run(['events', '--jsonl'])).stdout;

  const wrong = await cli.json(['approve', id, '--agent', 'owner'], {
    env: { ORCHESTRATOR_KEY_PASSPHRASE: 'another one' },
  });
  const missing = await cli.json(['approve', id, '--agent', 'owner']);

  expect([short.exit, short.error.field]).toEqual([64, 'passphrase']);
  expect(made.stderr).toContain('other users may read the passphrase');
  expect([endless.exit, endless.error.message]).toEqual([65, expect.stringContaining('too large')]);
  expect([wrong.exit, wrong.error.code]).toEqual([77, 'PASSPHRASE_WRONG']);
  expect([missing.exit, missing.error.code]).toEqual([64, 'PASSPHRASE_MISSING']);
  expect((await cli.run(['events', '--jsonl'])).stdout).toBe(events);
  const { exit } = await cli.run(['approve', id, '--agent', 'owner', '--passphrase-file', file]);
  expect(exit).toBe(0);
});

test.concurrent('a role that demands signatures refuses a verdict without one, and says what to do', async ({
  expect,
}) => {
  using cli = new Cli();
  const id = await inReview(cli);
  const policy = await cli.json(['agent', 'policy', '--signed-role', 'owner']);

  const refused = await cli.json(['approve', id, '--agent', 'owner']);

  expect(policy.data).toEqual({ agents: 'any', signed_roles: ['owner'] });
  expect([refused.exit, refused.error.code]).toEqual([77, 'SIGNATURE_REQUIRED']);
  expect(refused.error.hint).toContain('orchestrator agent key create');
  expect((await cli.json(['approve', id, '--agent', 'company-agent'])).error.code).toBe('REVIEW_OWN_WORK');
  await cli.run(['agent', 'key', 'create', 'owner'], { env: PASSPHRASE });
  const claim = await cli.json(['claim', '--agent', 'owner']);
  const verdict = ['release', ...holderOf(claim.data.lease), '--outcome', 'approved'];
  expect((await cli.json(verdict)).error.code).toBe('PASSPHRASE_MISSING');
  expect((await cli.json(verdict, { env: PASSPHRASE })).data).toMatchObject({ status: 'succeeded' });
});

test.concurrent('a key whose file others can read is not used', async ({ expect }) => {
  using cli = new Cli();
  const id = await inReview(cli);
  const made = await cli.json(['agent', 'key', 'create', 'owner'], { env: PASSPHRASE });
  chmodSync(made.data['file'] as string, 0o644);

  const refused = await cli.json(['approve', id, '--agent', 'owner'], { env: PASSPHRASE });

  expect([refused.exit, refused.error.code]).toEqual([73, 'KEY_UNREADABLE']);
});
