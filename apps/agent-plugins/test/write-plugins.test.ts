// The plugins as they are written: the same bytes for the same program, each file what its host reads, and every path
// of the program absolute, since hosts copy plugins away.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { PLUGIN_HOSTS, writePlugins } from '../src/index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'plugins-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const PROGRAM = { node: '/opt/node 24/bin/node', cli: '/opt/cli', version: '1.2.3' };

function filesIn(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}

test('what was there before is replaced, and the same program makes the same bytes', async () => {
  const folder = join(scratch, 'plugins');
  const first = await writePlugins(folder, PROGRAM);
  const before = filesIn(folder);
  writeFileSync(join(folder, 'left-over'), '');

  const second = await writePlugins(folder, PROGRAM);

  expect(filesIn(folder)).toEqual(before);
  expect(second).toEqual(first);
  expect(Object.keys(first.plugins)).toEqual([...PLUGIN_HOSTS]);
  expect(readdirSync(scratch)).toEqual(['plugins']);
});

test('each host has its manifest, its server, its hooks and the one skill', async () => {
  const { folder } = await writePlugins(join(scratch, 'plugins'), PROGRAM);
  const files = filesIn(folder);
  const json = (path: string) => JSON.parse(files[path] ?? 'null') as Record<string, never>;
  const server = { command: PROGRAM.node, args: ['/opt/cli/bin/orchestrator.js', 'mcp', 'serve'] };

  for (const host of ['claude-code', 'codex'])
    expect(json(`${host}/.mcp.json`)['mcpServers']).toMatchObject({ orchestrator: server });
  expect(json('gemini-cli/gemini-extension.json')).toMatchObject({
    version: '1.2.3',
    mcpServers: { orchestrator: server },
  });
  expect(json('openclaw/openclaw.plugin.json')).toMatchObject({ id: 'orchestrator', version: '1.2.3' });
  expect(files['openclaw/index.js']).toContain('"/opt/cli/dist/openclaw.js"');
  // The space in its path needs quotes where a shell reads it.
  expect(files['codex/hooks/hooks.json']).toContain(`'/opt/node 24/bin/node' /opt/cli/bin/hook.js codex SessionStart`);
  const skills = PLUGIN_HOSTS.map((host) => files[`${host}/skills/orchestrator/SKILL.md`]);
  expect(new Set(skills).size).toBe(1);
  expect(skills[0]).toMatch(/^---\nname: orchestrator\n/u);
});
