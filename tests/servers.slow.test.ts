// What the page about several machines tells an operator to type, against a real server:
// - the store is made by the first command
// - the roles and an agent's login are made, and the login works as an agent and may not change the log
// - every option of the URL on the page is taken
// - a store moves to the server, and the old one names the new address
// - the tests type every command of the page, but for starting a container
import { join } from 'node:path';
import { locateStore, openOrchestrator } from '@agent-orchestrator/runtime';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { userUrl, withAdmin } from '../packages/storage-postgres/test/harness/databases.ts';
import { blocks, missingLines, page, section, shownLines } from './support/readme.ts';
import { Shell } from './support/shell.ts';
import { addressOf, claim, newPlace } from './support/stores.ts';

const PAGE = 'docs/servers.md';
const SLOW = { timeout: 60_000 };
/** The URLs of the page. */
const SERVER = 'postgres://orchestrator:$POSTGRES_PASSWORD@127.0.0.1:5432/orchestrator';
const AGENTS = 'postgres://company_agent:$PASSWORD@db.example.com/orchestrator';
const ADDRESS = 'postgres://orchestrator@db.example.com/orchestrator';

// Elsewhere there is no bash.
describe.skipIf(process.platform === 'win32')('the page about several machines', () => {
  test('the first command makes the store', SLOW, async () => {
    await using shell = await Shell.withHome();
    const server = await newPlace('postgres');
    const [, start = ''] = blocks(await section('Start', PAGE), 'sh');

    await shell.typeWell(start.replace(SERVER, server));

    await using orchestrator = await openOrchestrator(server);
    expect((await orchestrator.listTasks()).items).toMatchObject([{ title: 'Write the parser', status: 'queued' }]);
  });

  test('the login that the page makes works as an agent, and may not change the log', SLOW, async () => {
    await using shell = await Shell.withHome();
    const server = await newPlace('postgres');
    const [logins = ''] = blocks(await section('Logins', PAGE), 'sh');
    const [machine = ''] = blocks(await section('The second machine', PAGE), 'sh');
    const [, password = ''] = /PASSWORD '(.*?)'/u.exec(logins) ?? [];
    const agents = userUrl(server, { user: 'company_agent', password });
    await dropLogin();
    onTestFinished(dropLogin);

    shell.env['ORCHESTRATOR_STORE'] = server;
    await shell.typeWell(logins);
    const { stdout } = await shell.typeWell(
      `${machine.replace(AGENTS, agents)}orchestrator task create "Write the parser"; orchestrator claim`,
    );

    expect(machine).toContain(AGENTS);
    expect(stdout).toContain('▶ running');
    const change = withAdmin(agents, (sql) => sql.unsafe('DELETE FROM orchestrator.event_log'));
    await expect(change).rejects.toThrow(/permission denied/u);
  });

  test('a store moves to the server, and the old one names the new address', SLOW, async () => {
    await using shell = await Shell.withHome();
    const server = await newPlace('postgres');
    const text = await section('Moving the store', PAGE);
    shell.env['SERVER'] = server;
    shell.env['ORCHESTRATOR_TOKEN'] = await heldIn(shell);

    const stdout = await shell.typeAll(blocks(text, 'sh').join('\n'));

    const named = stdout.replaceAll(await addressOf(server), ADDRESS);
    expect(shownLines(text)).not.toEqual([]);
    expect({ missing: missingLines(text, named), named }).toEqual({ missing: [], named });
    const renewed = await shell.typeWell(`ORCHESTRATOR_STORE='${server}' orchestrator heartbeat`);
    expect(renewed.stdout).toContain('still yours');
  });
});

test('every option of the URL on the page is taken', async () => {
  const options = [...(await section('The second machine', PAGE)).matchAll(/^\| `(\?.*?)`/gmu)].map(([, one]) => one);

  expect(options.length).toBeGreaterThan(3);
  for (const option of options)
    await expect(locateStore(`${AGENTS.replace('$PASSWORD', 'x')}${option}`)).resolves.toBeDefined();
  await expect(locateStore(`${AGENTS.replace('$PASSWORD', 'x')}?other=1`)).rejects.toMatchObject({
    code: 'STORE_URL_INVALID',
  });
});

test('the tests type every command of the page, but for starting a container', async () => {
  const headings = ['Start', 'Logins', 'The second machine', 'Moving the store'];
  const typed = await Promise.all(headings.map((heading) => section(heading, PAGE)));

  expect(typed.flatMap((text) => blocks(text, 'sh'))).toEqual(blocks(await page(PAGE), 'sh'));
  expect(blocks(typed[0] ?? '', 'sh')[0]).toContain('docker compose up');
  expect(typed.map((text) => blocks(text, 'sh').length)).toEqual([2, 1, 1, 2]);
});

/** A file with two tasks, of which an agent works on one. @returns the agent's token */
async function heldIn(shell: Shell): Promise<string> {
  await using orchestrator = await openOrchestrator(`sqlite:${join(shell.home, '.openclaw/data/orchestrator.db')}`);
  await orchestrator.enqueueTask({ title: 'Write the parser', sessionId: 's' });
  await orchestrator.enqueueTask({ title: 'Write the lexer' });
  return (await claim(orchestrator)).token;
}

/** Logins belong to the whole server. */
async function dropLogin(): Promise<void> {
  await withAdmin(inject('postgresUrl'), async (sql) => void (await sql.unsafe('DROP ROLE IF EXISTS company_agent')));
}
