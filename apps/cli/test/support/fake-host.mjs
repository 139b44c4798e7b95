// Behaves as the command lines of the agent hosts do, as far as `mcp install` asks them. The first word is the host.
// It appends each command line to the file FAKE_LOG. FAKE_DOES says what it does beside that: `connect` (it really
// starts the server), `hang`, `fail` (after it has written), `lose` (fails to add, while another session of the host
// writes), `stick` (installs no plugin, and removes nothing), `choke` (as `stick`, and then it lists nothing any
// more), `garble` (it lists its plugins in no JSON), `warn` (before the JSON), `overtake` (another session installs a
// plugin of another one meanwhile), or `shout` (escape sequences in its answer).
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import JSON5 from 'json5';
import { parse } from 'smol-toml';

const [host, ...words] = process.argv.slice(2);
const { HOME, FAKE_LOG, FAKE_DOES } = process.env;
appendFileSync(FAKE_LOG, `${JSON.stringify([host, ...words])}\n`);
const leaked = Object.keys(process.env).filter((name) => name.startsWith('ORCHESTRATOR_'));
if (leaked.length > 0) throw new Error(`the host got ${leaked.join()}`);

if (FAKE_DOES === 'hang') {
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)'], { stdio: 'inherit' }).on('spawn', () =>
    writeFileSync(`${FAKE_LOG}.hangs`, ''),
  );
  await new Promise(() => setInterval(() => {}, 1_000));
}

const say = (text) => process.stdout.write(`${text}\n`);
const refuse = (text) => {
  process.stderr.write(`${text}\n`);
  process.exit(1);
};
const isChange = ['install', 'uninstall', 'remove'].some((word) => words.includes(word));
if (FAKE_DOES === 'choke' && isChange) writeFileSync(`${FAKE_LOG}.choked`, '');
if (['stick', 'choke'].includes(FAKE_DOES) && isChange) refuse('stuck');
const isMute = FAKE_DOES === 'garble' || (FAKE_DOES === 'choke' && existsSync(`${FAKE_LOG}.choked`));
if (isMute && words[0] === 'extensions' && words[1] === 'list') refuse('[unknown option]');
const scope = words[words.indexOf('--scope') + 1];
const behindDashes = words.slice(words.indexOf('--') + 1);
const text = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const save = (path, content) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  if (FAKE_DOES === 'fail') refuse('half way: \u001b[2J it broke');
};
const json = (path) => JSON5.parse(text(path) || '{}');
const saveJson = (path, document) => {
  const isLost = FAKE_DOES === 'lose' && words[1] === 'add';
  save(path, JSON.stringify({ ...document, ...(isLost && { meanwhile: 1 }) }, null, 2));
  if (isLost) refuse('it is busy');
};

/** Starts a server as a host does, and waits for its first answer. That takes a while: once for each host. */
async function connects({ command, args = [] }) {
  if (FAKE_DOES !== 'connect') return true;
  const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: host, version: '1' } };
  server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
  const answer = await new Promise((resolve) => {
    server.once('error', () => resolve(''));
    server.once('close', () => resolve(''));
    server.stdout.once('data', (bytes) => resolve(String(bytes)));
  });
  server.stdin.end();
  return answer.includes('serverInfo');
}

/** The answer to `hooks/list`, which ends with its input. The person trusts them by the word `trusted`. */
async function codexHooks(config) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method } = JSON.parse(line);
    if (method === 'initialize') say(JSON.stringify({ id, result: {} }));
    if (method !== 'hooks/list') continue;
    const trustStatus = config.includes('trusted') ? 'trusted' : 'untrusted';
    const hook = { pluginId: 'orchestrator@orchestrator', enabled: true, trustStatus };
    say(JSON.stringify({ id, result: { data: [{ hooks: config.includes('[plugins.') ? [hook, hook] : [] }] } }));
  }
}

/** `plugin marketplace` of Codex. */
function codexMarketplaces(path, before) {
  const { marketplaces = {} } = parse(before);
  const own = /\[marketplaces\.orchestrator\]\nsource = .*\n/u;
  if (words[2] === 'list') {
    const list = Object.entries(marketplaces).map(([name, { source: root }]) => ({ name, root }));
    return say(JSON.stringify({ marketplaces: list }));
  }
  const others = before.replace(own, '');
  if (words[2] === 'remove') return save(path, others);
  const { source = words[3] } = marketplaces.orchestrator ?? {};
  if (source !== words[3]) refuse('already added from a different source');
  save(path, `${others}[marketplaces.orchestrator]\nsource = ${JSON.stringify(words[3])}\n`);
}

/** The extensions of Gemini CLI: which are switched on, and where they are from. */
function geminiExtensions() {
  const enablement = join(HOME, '.gemini', 'extensions', 'extension-enablement.json');
  const origin = join(HOME, '.gemini', 'extensions', 'orchestrator', '.gemini-extension-install.json');
  // One that is broken is not in its list, and cannot be removed.
  const isThere = existsSync(origin) && FAKE_DOES !== 'forget';
  if (words[1] === 'list') {
    const list = isThere ? [{ name: 'orchestrator', installMetadata: json(origin) }] : [];
    const warnings = FAKE_DOES === 'warn' ? 'Warning: Skipping extension in /x\n[WARN] it is old\n' : '';
    process.stderr.write(`${warnings}${JSON.stringify(list, null, 2)}\n${warnings}`);
    return;
  }
  if (words[1] === 'install') {
    if (isThere) refuse('Extension "orchestrator" is already installed');
    const isOvertaken = FAKE_DOES === 'overtake';
    saveJson(origin, { source: isOvertaken ? '/of/another' : realpathSync(words[2]), type: 'local' });
    if (isOvertaken) refuse('already installed');
    return saveJson(enablement, { ...json(enablement), orchestrator: { overrides: ['*'] } });
  }
  if (!isThere) refuse('Extension not found');
  rmSync(dirname(origin), { recursive: true });
  const { orchestrator: _before, ...others } = json(enablement);
  saveJson(enablement, others);
}

/** `plugin install` and `plugin uninstall` of Claude Code, and what its list then shows. */
function claudePlugins() {
  const ofUser = join(HOME, '.claude', 'settings.json');
  const ofProject = join('.claude', 'settings.json');
  if (words[1] === 'marketplace') {
    const { extraKnownMarketplaces: before, ...others } = json(ofUser);
    if (words[2] === 'list')
      return say(JSON.stringify(Object.entries(before ?? {}).map(([name, { source: path }]) => ({ name, path }))));
    if (words[2] === 'add' && before && before.orchestrator.source !== words[3]) refuse('from a different source');
    const known = { extraKnownMarketplaces: { orchestrator: { source: words[3] } } };
    return saveJson(ofUser, words[2] === 'add' ? { ...others, ...known } : others);
  }
  const path = scope === 'project' ? ofProject : ofUser;
  const { enabledPlugins = {}, ...settings } = json(path);
  const { [words[2]]: _before, ...others } = enabledPlugins;
  if (words[1] === 'install') saveJson(path, { ...settings, enabledPlugins: { ...others, [words[2]]: true } });
  if (words[1] === 'uninstall')
    saveJson(path, { ...settings, ...(Object.keys(others).length > 0 && { enabledPlugins: others }) });
  if (words[1] !== 'list') return;
  const enabled = [ofUser, ofProject].flatMap((one) => Object.keys(json(one).enabledPlugins ?? {}));
  const { extraKnownMarketplaces: known } = json(ofUser);
  // It does not tell from which marketplace a plugin is.
  if (enabled.some((id) => known || !id.endsWith('@orchestrator')))
    say('plugin:orchestrator:orchestrator: node x mcp serve - ✔ Connected');
}

const commands = {
  async claude() {
    if (words[0] === 'plugin' || words[1] === 'list') return claudePlugins();
    const path = scope === 'project' ? '.mcp.json' : join(HOME, '.claude.json');
    const document = json(path);
    document.mcpServers ??= {};
    if (words[1] === 'add') {
      if (document.mcpServers.orchestrator) refuse('MCP server orchestrator already exists');
      document.mcpServers.orchestrator = {
        type: 'stdio',
        command: behindDashes[0],
        args: behindDashes.slice(1),
        env: {},
      };
      saveJson(path, document);
    }
    if (words[1] === 'remove') {
      delete document.mcpServers.orchestrator;
      saveJson(path, document);
    }
    if (words[1] !== 'get') return;
    const entry = json('.mcp.json').mcpServers?.orchestrator ?? document.mcpServers.orchestrator;
    if (!entry) refuse('No MCP server named orchestrator');
    const status = (await connects(entry)) ? '✔ Connected' : '✘ Failed to connect';
    say(`orchestrator:\n  Scope: User config\n  Status: ${FAKE_DOES === 'shout' ? '\u001b[2J\u202eloud' : status}`);
  },
  async codex() {
    const path = join(HOME, '.codex', 'config.toml');
    const before = text(path);
    if (words[0] === 'app-server') return codexHooks(before);
    if (words[0] === 'plugin') {
      const entry = '[plugins."orchestrator@orchestrator"]\nenabled = true\n';
      if (words[1] === 'marketplace') return codexMarketplaces(path, before);
      if (words[1] === 'add') save(path, before.replace(entry, '') + entry);
      // Which hooks the person trusts stays.
      if (words[1] === 'remove') save(path, before.replace(entry, ''));
      return;
    }
    const block = /\n\[mcp_servers\.orchestrator\]\n(?:.+\n)*/u;
    if (words[1] === 'add') {
      const [command, ...args] = behindDashes;
      const lines = [`command = ${JSON.stringify(command)}`, `args = ${JSON.stringify(args)}`];
      const entry = `\n[mcp_servers.orchestrator]\n${lines.join('\n')}\n`;
      save(path, before.replace(block, '') + entry);
    }
    if (words[1] === 'remove') save(path, before.replace(block, ''));
    if (words[1] === 'get') {
      const { command, args } = parse(before).mcp_servers.orchestrator;
      say(JSON.stringify({ name: 'orchestrator', enabled: true, transport: { type: 'stdio', command, args } }));
    }
  },
  async gemini() {
    if (words[0] === 'extensions') return geminiExtensions();
    const path = join(scope === 'project' ? '.' : HOME, '.gemini', 'settings.json');
    const document = json(path);
    document.mcpServers ??= {};
    if (words[1] === 'add') {
      document.mcpServers.orchestrator = { command: words[words.indexOf('--') - 1], args: behindDashes };
      saveJson(path, document);
    }
    if (words[1] === 'remove') {
      delete document.mcpServers.orchestrator;
      saveJson(path, document);
    }
    if (words[1] !== 'list') return;
    const { command, args } = document.mcpServers.orchestrator ?? {};
    if (!command) return;
    const status = (await connects({ command, args })) ? 'Connected' : 'Disconnected';
    process.stderr.write(
      `Configured MCP servers:\n\n\u001b[32m✓\u001b[0m orchestrator: ${command} (stdio) - ${status}\n`,
    );
  },
  async openclaw() {
    const path = join(HOME, '.openclaw', 'openclaw.json');
    const document = json(path);
    if (words[0] === 'plugins') {
      const { entries, installs } = document.plugins ?? {};
      const ours = { sourcePath: join(HOME, '.openclaw', 'orchestrator', 'plugins', 'openclaw') };
      const install = installs?.orchestrator ?? ours;
      if (words[1] === 'inspect' && entries?.orchestrator?.enabled)
        return say(JSON.stringify({ plugin: { id: 'orchestrator', status: 'loaded' }, install }));
      if (!entries?.orchestrator || words[1] !== 'uninstall') {
        say(JSON.stringify({ ok: false, error: { message: 'Plugin not found: orchestrator. Run `x` to see more.' } }));
        process.exit(1);
      }
      // It does not forget a plugin: it switches it off.
      return saveJson(path, { ...document, plugins: { entries: { ...entries, orchestrator: { enabled: false } } } });
    }
    document.mcp ??= {};
    document.mcp.servers ??= {};
    if (words[1] === 'set') {
      document.mcp.servers.orchestrator = JSON.parse(words[3]);
      saveJson(path, document);
    }
    if (words[1] === 'unset') {
      delete document.mcp.servers.orchestrator;
      saveJson(path, document);
    }
    if (words[1] === 'probe') {
      const ok = await connects(document.mcp.servers.orchestrator);
      const found = ok ? { orchestrator: { tools: 6 } } : {};
      say(JSON.stringify({ servers: found, tools: [], diagnostics: ok ? [] : [{ message: 'Connection closed' }] }));
      process.exit(ok ? 0 : 1);
    }
  },
};
await commands[host]();
