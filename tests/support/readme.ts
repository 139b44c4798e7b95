import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the repository, where the README's commands are typed. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Elsewhere `npx node` asks the registry for one. */
export const bringsNode = existsSync(join(root, 'node_modules/.bin/node'));

/** Whether there is a Node that runs the README's TypeScript as it stands. */
export const runsTypeScript = bringsNode || parseInt(process.versions.node, 10) >= 24;

export function page(name: string): Promise<string> {
  return readFile(join(root, name), 'utf8');
}

/** The part of a page below this heading, up to the next; what a terminal shows may have headings of its own. */
export async function section(heading: string, name = 'README.md'): Promise<string> {
  const parts = (await page(name)).matchAll(/^## (.*)\n((?: *```[^]*?^ *```\n|(?!## ).*\n)*)/gmu);
  for (const [, title, text = ''] of parts) if (title === heading) return text;
  throw new Error(`${name} has no section "${heading}"`);
}

/** The blocks in this language; '' are those without one: what a terminal shows. */
export function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^ *```(\w*)\n(.*?)^ *```$/gmsu)].flatMap(([, named, code = '']) =>
    named === language ? [code] : [],
  );
}

/** What a terminal shows that is another each time. */
const CHANGING = /[0-9a-f]{8}-[0-9a-f-]{27}|\\[+-]\d\d:\d\d|\d+(?: \d{3}\b)*/gu;
/** Thousands are set apart. */
const NUMBER = String.raw`\d+(?: \d{3})*`;

/**
 * What a page says that a terminal shows, line by line: the blocks without a language. Ids, numbers and the offset of
 * the time zone differ each time, `…` stands for what is left out.
 */
export function shownLines(text: string): RegExp[] {
  const patterns = blocks(text, '')
    .flatMap((block) => block.trimEnd().split('\n'))
    .filter((line) => !['', '…'].includes(line.trim()))
    .map((line) =>
      line
        .trim()
        .replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`)
        .replaceAll(CHANGING, patternFor)
        .replaceAll('…', '.*'),
    );
  // How often a line is shown again depends on the machine: how many pages were done after so many seconds.
  return patterns
    .filter((pattern, at) => pattern !== patterns[at - 1])
    .map((pattern) => new RegExp(`^\\s*${pattern}$`, 'u'));
}

function patternFor(found: string): string {
  if (found.length === 36) return '[0-9a-f-]{36}';
  return found.startsWith('\\') ? String.raw`[+-]\d\d:\d\d` : NUMBER;
}

/** The lines that the page shows and the terminal did not, or not in that order. */
export function missingLines(text: string, stdout: string): RegExp[] {
  const left = stdout.split('\n');
  return shownLines(text).filter((shown) => {
    const at = left.findIndex((line) => shown.test(line));
    left.splice(0, at + 1);
    return at === -1;
  });
}

/** An empty HOME, which is also the place of temporary folders, with the PATH of a newcomer's shell. */
export async function emptyHome() {
  const path = await mkdtemp(join(tmpdir(), 'readme-'));
  const kept = Object.entries(process.env).filter(([name]) => !/^(ORCH|OPENCLAW)/u.test(name));
  return {
    env: { ...Object.fromEntries(kept), HOME: path, TMPDIR: path, PATH: hostPath(), NO_COLOR: '1' },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

/** Without the folders in front that npm scripts add: a newcomer's shell does not have them. */
export function hostPath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter((folder) => !folder.includes('node_modules')).join(delimiter);
}
