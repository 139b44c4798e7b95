import { stripVTControlCharacters } from 'node:util';
import { shellWord, startProgram } from '@agent-orchestrator/runtime';
import type { HostAnswer, HostInput, Place } from './host.ts';

/** More of an answer is not kept. */
const BYTES_MAX = 1024 * 1024;
/** How long to wait for output after the end: what the host started may keep the pipe open. */
const LAST_OUTPUT_MS = 1_000;

/**
 * Runs a command of a host, without a shell and without a terminal, so that it cannot ask the person anything. At the
 * deadline, it and all of its process group are killed.
 *
 * It does not get the variables of this program: it starts our server with what it really has.
 */
export async function askHost(
  program: string,
  words: readonly string[],
  place: Place,
  input?: HostInput,
): Promise<HostAnswer> {
  const child = startProgram(program, words, {
    cwd: place.folder,
    env: { ...withoutOurs(place.env), NO_COLOR: '1' },
    stdio: 'pipe',
    detached: true,
    windowsHide: true,
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(0, BYTES_MAX);
      if (input?.until.test(output.stdout)) child.stdin.end();
    });
  // It may end without having read it.
  child.stdin.on('error', () => {});
  if (input === undefined) child.stdin.end();
  else
    child.stdin.write(
      input
        .lines(place)
        .map((line) => `${line}\n`)
        .join(''),
    );
  let timedOut = false;
  const deadline = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, place.deadlineMs);
  const exit = await new Promise<number | null>((resolve) => {
    child.once('error', ({ message }) => {
      output.stderr += `${message}\n`;
      resolve(null);
    });
    child.once('close', resolve);
    child.once('exit', () => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, LAST_OUTPUT_MS).unref();
    });
  }).finally(() => clearTimeout(deadline));
  return {
    exit: timedOut ? null : exit,
    timedOut,
    stdout: stripVTControlCharacters(output.stdout),
    stderr: stripVTControlCharacters(output.stderr),
  };
}

/** Lets a host ask the person on this terminal. @returns its exit code; null: a signal ended it */
export async function letHostAsk(program: string, words: readonly string[], place: Place): Promise<number | null> {
  const child = startProgram(program, words, { cwd: place.folder, env: withoutOurs(place.env), stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
}

function withoutOurs(env: Place['env']): Place['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('ORCHESTRATOR_')));
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/**
 * What a host answered in JSON; null: it answered something else. Some write it to the standard error, or between
 * warnings: there it begins and ends with a line. A warning may look like JSON too, so the longest is taken.
 */
export function jsonIn({ stdout, stderr }: HostAnswer): unknown {
  for (const text of [stdout, stderr]) {
    const found = parsed(text) ?? jsonBetweenLines(text.split('\n'));
    if (found !== undefined) return found;
  }
  return null;
}

function jsonBetweenLines(lines: readonly string[]): unknown {
  let longest: { readonly value: unknown; readonly length: number } | undefined;
  for (let begin = 0; begin < lines.length; begin += 1) {
    const found = jsonFrom(lines, begin);
    if (found === undefined) continue;
    if (longest === undefined || found.length > longest.length) longest = found;
    begin = found.end;
  }
  return longest?.value;
}

/** The JSON that begins with a line, and its last line. */
function jsonFrom(lines: readonly string[], begin: number) {
  if (!/^[[{]/u.test(lines[begin] ?? '')) return undefined;
  const ends = [...lines.keys()].filter((at) => at === begin || (at > begin && /^[\]}]\s*$/u.test(lines[at] ?? '')));
  for (const end of ends.slice(0, ENDS_MAX)) {
    const text = lines.slice(begin, end + 1).join('\n');
    const value = parsed(text);
    if (value !== undefined) return { value, length: text.length, end };
  }
  return undefined;
}

/** More lines are not tried as the last one of a JSON text. */
const ENDS_MAX = 20;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The last line that a host wrote, to say why it refused. */
export function lastLine({ stdout, stderr }: HostAnswer): string {
  const lines = [...stdout.split('\n'), ...stderr.split('\n')].map((line) => line.trim()).filter(Boolean);
  return (lines.at(-1) ?? 'it wrote nothing').slice(0, LINE_CHARACTERS);
}

const LINE_CHARACTERS = 300;

/** Needs no quotes: a flag is where the host expects one. */
const FLAG = /^--?[a-z-]*$/u;

/** A command line that a person could type. */
export function lineOf(executable: string, words: readonly string[]): string {
  return [executable, ...words].map((word) => (FLAG.test(word) ? word : shellWord(word))).join(' ');
}
