import { basename } from 'node:path';
import { isSet, type Environment } from '../system/environment.ts';
import { readText, type ProcessEntry } from './process-table.ts';

/** How a program in which agents live is known in a list of processes. */
interface AgentHostTraits {
  /** Names of its process, as the program or the host itself sets them. */
  readonly programs: readonly string[];
  /** Folders or files in the path of its script, where an interpreter runs it. */
  readonly scripts: readonly string[];
  /** Variables that it sets for the commands that it runs. */
  readonly marks: readonly string[];
  /** One process may have several conversations at once. It says with each call and event which one it is. */
  readonly hasSeveral?: true;
  /** The variable in which the commands that it runs find the id of their conversation. */
  readonly conversationIn?: string;
}

/** The agent hosts that are known by name. Any other program can be a host, too: it only has no name of its own. */
export const AGENT_HOSTS = {
  'claude-code': {
    programs: ['claude'],
    scripts: ['claude-code'],
    marks: ['CLAUDECODE'],
    conversationIn: 'CLAUDE_CODE_SESSION_ID',
  },
  codex: {
    programs: ['codex'],
    scripts: [],
    marks: ['CODEX_THREAD_ID'],
    hasSeveral: true,
    conversationIn: 'CODEX_THREAD_ID',
  },
  'gemini-cli': { programs: ['gemini'], scripts: ['gemini-cli', 'gemini'], marks: ['GEMINI_CLI'] },
  openclaw: { programs: ['openclaw', 'openclaw-gateway'], scripts: ['openclaw'], marks: ['OPENCLAW_SHELL'] },
} as const satisfies Record<string, AgentHostTraits>;

export type AgentHostName = keyof typeof AGENT_HOSTS;

/** How a host is known; undefined: it has no name of its own. */
export function traitsOf(name: string): AgentHostTraits | undefined {
  const traits: Readonly<Record<string, AgentHostTraits>> = AGENT_HOSTS;
  return Object.hasOwn(traits, name) ? traits[name] : undefined;
}

/** Whether a process of a host may have several conversations at once. */
export function hasSeveralConversations(name: string): boolean {
  return traitsOf(name)?.hasSeveral === true;
}

/** A host that has set its variables for a command. They are inherited, and prove nothing. */
export interface MarkedBy {
  readonly host: string;
  /** The conversation in which the command was called; null: the host does not tell. */
  readonly conversation: string | null;
}

/** The hosts that have marked a command: several, where one was started in the shell of another. */
export function hostsThatMarked(env: Environment): MarkedBy[] {
  return Object.entries<AgentHostTraits>(AGENT_HOSTS).flatMap(([host, { marks, conversationIn }]) => {
    const id = conversationIn === undefined ? undefined : env[conversationIn];
    const conversation = isSet(id) ? id : null;
    return conversation !== null || marks.some((mark) => isSet(env[mark])) ? [{ host, conversation }] : [];
  });
}

type Program = Pick<ProcessEntry, 'pid'> & { readonly program: string };

/** The words of a command line that can be the path of a script: options of the interpreter come first. */
const SCRIPT_WORDS = 4;

/** Which known host a process is; null: none of them. */
export function agentHostNamed({ pid, program }: Program): AgentHostName | null {
  const [title = '', ...words] = wordsOf(pid);
  // A host that an interpreter runs may give its process a title, which stands in the place of the command line.
  const names = new Set([program, basename(title)]);
  const parts = new Set(words.slice(0, SCRIPT_WORDS).flatMap((word) => word.split('/')));
  for (const [name, { programs, scripts }] of Object.entries<AgentHostTraits>(AGENT_HOSTS))
    if (programs.some((one) => names.has(one)) || scripts.some((script) => parts.has(script)))
      return name as AgentHostName;
  return null;
}

/**
 * Whether a process is the program of a host, more strictly than by `agentHostNamed`: any program may lie in a folder
 * with such a name.
 */
export function isProgramOf(name: string, { pid, program }: Program): boolean {
  const traits = traitsOf(name);
  if (traits === undefined) return false;
  const [title = '', ...words] = wordsOf(pid);
  if (traits.programs.some((one) => one === program || one === basename(title))) return true;
  const script = INTERPRETER.test(program) ? (words.find((word) => !word.startsWith('-')) ?? '') : '';
  const packages = script.split('/node_modules/').slice(1);
  const isPackage = packages.some((path) => path.split('/', 2).some((part) => traits.scripts.includes(part)));
  return isPackage || traits.programs.includes(basename(script).replace(/\.[cm]?js$/u, ''));
}

const INTERPRETER = /^(?:node|bun|deno)/u;

function wordsOf(pid: number): readonly string[] {
  return (readText(`/proc/${pid}/cmdline`) ?? '').split('\0');
}
