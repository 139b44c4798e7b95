/* The hosts as npm has them, in these versions: a newer one may ask for something else. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const HOST_PACKAGES = {
  'claude-code': { name: '@anthropic-ai/claude-code', version: '2.1.332', bin: 'claude' },
  codex: { name: '@openai/codex', version: '0.171.0', bin: 'codex' },
  'gemini-cli': { name: '@google/gemini-cli', version: '0.61.0', bin: 'gemini' },
  openclaw: { name: 'openclaw', version: '2026.9.6', bin: 'openclaw' },
  // No host: a client of the protocol, for developers of servers.
  inspector: { name: '@modelcontextprotocol/inspector', version: '2.12.0', bin: 'mcp-inspector' },
} as const;

export type HostName = keyof typeof HOST_PACKAGES;

/** They stay there: an install takes minutes. `HOSTS_FOLDER` names another place. */
const folder = process.env['HOSTS_FOLDER'] ?? join(homedir(), '.cache', 'agent-orchestrator-hosts');

/** Installs a host if it is not there yet. @returns the path of its program */
export async function installed(host: HostName): Promise<string> {
  const { name, version, bin } = HOST_PACKAGES[host];
  const place = join(folder, `${host}-${version}`);
  const program = join(place, 'node_modules', '.bin', bin);
  if (!existsSync(program)) {
    await mkdir(place, { recursive: true });
    // One of them puts its program in place by a script of its own, which npm runs only if it may.
    await writeFile(join(place, 'package.json'), JSON.stringify({ private: true, allowScripts: { [name]: true } }));
    const words = ['install', '--prefix', place, '--no-audit', '--no-fund', `${name}@${version}`];
    await promisify(execFile)('npm', words, { maxBuffer: 1 << 26 });
  }
  console.log(`${host}: ${name}@${version}`);
  return program;
}
