// Every rule that guards the architecture, proved by planting what it forbids:
// - each package imports only what its row of lint/import-table.mjs allows, in every form an import can take
// - core has no clock and no randomness of its own
// - outside the storages no code names one, but for the one list of those that come along
// - a word that is not used any more is no name of anything, and the message says the new word
// - only one function starts programs, so that none gets a secret
// - only `Output` writes to a standard stream
// - promises are not left floating, `any` is not written, imports do not run in circles
// - a lint comment that switches nothing off is an error
// - a test does not compare a text with a pattern in a way that takes any text
// - functions end at 70 lines, but for the `describe` of a test file; files end at 400
// - lines end at 120 columns, wherever people write; what cannot be broken may be wider
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUILT_IN_STORAGES } from '../packages/runtime/src/stores/built-in-storages.ts';
import { columnsOf, wideLines } from '../lint/line-width.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const scope = '@agent-orchestrator';
const table = 'repository(import-table)';
const clock = 'repository(no-own-clock)';
const names = 'repository(storage-names)';
const storages = await Promise.all(Object.values(BUILT_IN_STORAGES).map((load) => load()));
const pattern = 'repository(no-pattern-in-match-object)';
const words = 'repository(shell-words)';
const printing = 'repository(printing)';
const programs = 'repository(child-processes)';
const retired = 'repository(retired-words)';

/** [package folder, code, the rule that refuses it] */
const forbidden: [folder: string, code: string, rule: string][] = [
  ['packages/core', `import 'node:fs';`, table],
  ['packages/core', `import { join } from 'node:path'; join();`, table],
  ['packages/core', `export * from '${scope}/storage-memory';`, table],
  ['packages/core', `export { x } from 'uuid';`, table],
  ['packages/core', `export const load = () => import('better-sqlite3');`, table],
  ['packages/core', `export type X = import('drizzle-orm').SQL;`, table],
  ['packages/core', 'export const load = () => import(`better-sqlite3`);', table],
  ['packages/core', `const name = 'better-sqlite3'; export const load = () => import(name);`, table],
  ['packages/core', `export const load = () => import('better-' + 'sqlite3');`, table],
  ['packages/core', `import { x } from '../../runtime/src/index.ts'; x();`, table],
  ['packages/storage-sqlite', `export type { X } from '${scope}/storage-memory';`, table],
  ['packages/storage-sqlite', `import postgres from 'postgres'; postgres();`, table],
  ['packages/storage-sqlite', `import { sql } from 'drizzle-orm/sqlite-core'; sql();`, table],
  ['packages/storage-memory', `import { x } from '${scope}/runtime'; x();`, table],
  ['packages/storage-memory', `import { x } from '${scope}/storage-sql'; x();`, table],
  ['packages/storage-sql', `import { x } from '${scope}/storage-sqlite'; x();`, table],
  ['packages/storage-sql', `import Database from 'better-sqlite3'; Database();`, table],
  ['packages/storage-sql', `import { sql } from 'drizzle-orm'; sql();`, table],
  ['packages/storage-memory', `import Database from 'better-sqlite3'; Database();`, table],
  ['packages/storage-conformance', `import { x } from '${scope}/storage-sqlite'; x();`, table],
  ['packages/import-legacy', `import { x } from '${scope}/storage-sqlite'; x();`, table],
  ['packages/import-legacy', `import { x } from '${scope}/runtime'; x();`, table],
  ['packages/import-legacy', `import postgres from 'postgres'; postgres();`, table],
  ['packages/runtime', `import { x } from '${scope}/storage-sqlite'; x();`, table],
  ['packages/runtime', `import { x } from '${scope}/import-legacy'; x();`, table],
  ['packages/runtime', `import Database from 'better-sqlite3'; Database();`, table],
  ['packages/runtime', `import { DatabaseSync } from 'node:sqlite'; DatabaseSync();`, table],
  ['packages/runtime', `import { x } from '${scope}/cli'; x();`, table],
  ['packages/newcomer', `import { x } from 'uuid'; x();`, table],
  ['apps/cli', `import { x } from '${scope}/storage-sqlite'; x();`, table],
  ['apps/cli', `export const load = () => import('${scope}/storage-memory');`, table],
  ['apps/cli', `import { sql } from 'drizzle-orm'; sql();`, table],
  ['apps/cli', `import { x } from '${scope}/core'; x();`, table],
  ['apps/cli', `import { x } from 'agent-orchestrator-mcp-server'; x();`, table],
  ['apps/mcp-server', `import { x } from '${scope}/core'; x();`, table],
  ['apps/mcp-server', `import { x } from '${scope}/cli'; x();`, table],
  ['examples/worker', `import { x } from '${scope}/storage-sqlite'; x();`, table],
  ['examples/worker', `import { x } from '../../../packages/core/src/index.ts'; x();`, table],
  ['examples/worker', `import Database from 'better-sqlite3'; Database();`, table],
  ['packages/runtime', `import { spawn } from 'node:child_process'; spawn('true');`, programs],
  ['apps/cli', `export const load = () => import('child_process');`, programs],
  ['apps/cli', `export const load = () => process.getBuiltinModule('node:child_process');`, programs],
  [
    'apps/cli',
    `import { createRequire } from 'node:module'; export const load = createRequire(import.meta.url)('child_process');`,
    programs,
  ],
  [
    'apps/cli',
    `import { createRequire } from 'node:module'; const require = createRequire(''); require('node:child_process');`,
    programs,
  ],
  ['examples/demo', `import { spawn } from 'node:child_process'; spawn('true');`, programs],
  ['apps/cli', 'console.log(1);', printing],
  ['apps/mcp-server', `process.stdout.write('x');`, printing],
  ['apps/cli', `process.stdout.write('x');`, printing],
  ['apps/cli', `globalThis.process.stderr.write('x');`, printing],
  ['packages/runtime', `import { stderr } from 'node:process'; stderr.write('x');`, printing],
  ['apps/cli', `process.stderr.end('x');`, printing],
  ['apps/cli', `process.stdout['write']('x');`, printing],
  ['apps/agent-plugins', `import { writeSync } from 'node:fs'; writeSync(2, 'x');`, printing],
  ['apps/cli', `import * as fs from 'node:fs'; fs.writeSync(process.stdout.fd, 'x');`, printing],
  ['apps/cli', `import { createReadStream } from 'node:fs'; createReadStream('x').pipe(process.stdout);`, printing],
  ['packages/core', `export const now = Date.now();`, clock],
  ['packages/core', `export const now = globalThis.Date.now();`, clock],
  ['packages/core', `export const now = new Date();`, clock],
  ['packages/core', `export const text = Date();`, clock],
  ['packages/core', `export const clock = Date.now;`, clock],
  ['packages/core', `export const { now } = Date;`, clock],
  ['packages/core', `export const chance = Math.random();`, clock],
  ['packages/core', `export const id = crypto.randomUUID();`, clock],
  ['packages/core', `import { randomUUID } from 'node:crypto'; randomUUID();`, clock],
  ['packages/core', `import * as c from 'node:crypto'; c.createHash('sha256');`, clock],
  ['packages/core', `import c from 'node:crypto'; c.createHash('sha256');`, clock],
  ['packages/core', `export const now = performance.now();`, clock],
  ...storages
    .flatMap(({ provider }) => provider.schemes)
    .flatMap((scheme): [folder: string, code: string, rule: string][] => [
      ['packages/runtime', `export const is = (scheme: string) => scheme === '${scheme}';`, names],
      [
        'packages/core',
        `export const f = (x: string) => { switch (x) { case '${scheme}': return 1; default: return 2; } };`,
        names,
      ],
      ['apps/cli', `export const url = (path: string) => \`${scheme}:\${path}\`;`, names],
      ['packages/runtime', `export const isOne = (url: string) => url.startsWith('${scheme}:');`, names],
    ]),
  ['packages/runtime', `export type X = { readonly kind: 'sqlite' };`, names],
  ['packages/runtime', `export const isOne = (url: string) => /^postgres/.test(url);`, names],
  ['packages/runtime', `export const sqlitePath = 1;`, names],
  ['packages/import-legacy', `export const url = (path: string) => \`sqlite:\${path}\`;`, names],
  ['packages/runtime', `export const load = () => import('${scope}/storage-sqlite/provider');`, names],
  ['packages/runtime', `export type { X } from '${scope}/storage-memory';`, names],
  ['apps/cli', `export const openPostgres = 1;`, names],
  ['packages/core', `export const outlook = 1;`, retired],
  ['packages/core', `export const previewOutlookOf = 1;`, retired],
  ['packages/core', `export interface Judgement { readonly x: 1 }`, retired],
  ['packages/core', `export type { KeptTask } from './kept.ts';`, retired],
  ['packages/core', `export const f = (x: { readonly leaseMark: 1 }) => x;`, retired],
  ['packages/core', `export const f = (x: any) => x.goOnFrom();`, retired],
  ['packages/core', `export class X { readonly #recall = 1; }`, retired],
  ['packages/core', `export function transition() { return 1; }`, retired],
  ['packages/core', `export const x = [transition(1)];`, retired],
  ['packages/core', `export const scope = { by: 'ready', waiting: 3 };`, retired],
  ['packages/core', `export type S = { readonly by: 'ready'; readonly also: string };`, retired],
  ['packages/storage-postgres', `export class X { deal() { return 1; } }`, retired],
  ['packages/runtime', `const f = async () => 1; f();`, 'typescript(no-floating-promises)'],
  ['packages/runtime', `export const a = [1].filter(async () => true);`, 'typescript(no-misused-promises)'],
  ['packages/runtime', `export const f = async () => { await 1; };`, 'typescript(await-thenable)'],
  ['packages/runtime', `export const x: any = 1;`, 'typescript(no-explicit-any)'],
  ['packages/runtime', `expect({ x: 'a' }).toMatchObject({ x: /b/u });`, pattern],
  ['packages/runtime', `await expect(f()).rejects.toMatchObject({ x: [{ y: /b/u }] });`, pattern],
  ['apps/cli', 'export const hint = (id: string) => `Run \\`orchestrator task show ${id}\\`.`;', words],
  ['apps/cli', 'export const next = (id: string) => `next: orchestrator why ${id === "" ? "agent" : id}`;', words],
  ['apps/cli', 'export const next = (url: string) => `next: ORCHESTRATOR_STORE=${url} for every agent`;', words],
  [
    'packages/core',
    'const id = shellWord("x"); export const f = (id: string) => `\\`orchestrator why ${id}\\``; f(id);',
    words,
  ],
  ['packages/runtime', `// oxlint-disable-next-line no-console\nexport const x = 1;`, ''],
];

/** [package folder, code] */
const allowed: [folder: string, code: string][] = [
  ['packages/core', `import { createHash } from 'node:crypto'; createHash('sha256');`],
  ['packages/core', `import canonicalize from 'canonicalize'; canonicalize({});`],
  ['packages/storage-sqlite', `import { x } from '${scope}/storage-sql'; x();`],
  ['packages/storage-sql', `import { x } from '${scope}/core'; x();`],
  ['packages/storage-sqlite', `import { x } from '${scope}/core'; x();`],
  ['packages/storage-conformance', `import { x } from '${scope}/storage-memory'; x();`],
  ['packages/import-legacy', `import Database from 'better-sqlite3'; Database();`],
  ['packages/runtime', `export const load = () => import('${scope}/import-legacy');`],
  ['apps/cli', `export type { X } from '${scope}/core';`],
  ['apps/cli', `import { x } from '${scope}/runtime'; x();`],
  ['apps/cli', `export const hint = 'Give --to sqlite:/path/to.db, or postgres://user@host/database.';`],
  ['packages/runtime', `export const label = (text: string) => \`memory \${text}\`;`],
  ['apps/cli', 'export const hint = (id: string) => `Run \\`orchestrator task show ${shellWord(id)}\\`.`;'],
  ['apps/cli', 'export const hint = (id: string) => `Run \\`orchestrator verify\\`, and ask for task ${id}.`;'],
  ['packages/core', 'const word = shellWord("x"); export const hint = `\\`orchestrator why ${word}\\``;'],
  ['examples/worker', `import { x } from '${scope}/runtime'; x();`],
  ['examples/worker', `import { x } from './own.ts'; x();`],
  ['packages/core', `export const day = new Date(0).toISOString();`],
  ['packages/core', `export const rows = [1].map((transition) => transition);`],
  ['packages/core', `export const x = { also: 1, waiting: 2, LEASE_ENDINGS: 3, EndedStatus: 4, linked: 5 };`],
  ['packages/runtime', `export const now = Date.now();`],
  ['packages/runtime', `expect({ x: 'a' }).toMatchObject({ x: expect.stringMatching(/b/u) });`],
];

/** `count` lines of code, the first and the last of which are given. */
const linesOf = (count: number, first: string, last: string): string =>
  [first, ...Array.from({ length: count - 2 }, () => '  f();'), last].join('\n');

const functionRule = 'repository(function-lines)';
const fileRule = 'eslint(max-lines)';

/** [code, the rule that refuses it, or '' where none of size does] */
const sizes: [what: string, code: string, rule: string][] = [
  ['a function of 70 lines', linesOf(70, 'export function f() {', '}'), ''],
  ['a function of 71 lines', linesOf(71, 'export function f() {', '}'), functionRule],
  ['an arrow function of 71 lines', linesOf(71, 'export const f = () => {', '};'), functionRule],
  ['a test of 71 lines', linesOf(71, `test('x', () => {`, '});'), functionRule],
  ['a test of 71 lines for each', linesOf(71, `test.each([1])('x', () => {`, '});'), functionRule],
  ['tests under one heading', linesOf(71, `describe('x', () => {`, '});'), ''],
  ['tests under a heading for each', linesOf(71, `describe.for([1])('x', () => {`, '});'), ''],
  ['a file of 400 lines', linesOf(400, 'f();', 'f();'), ''],
  ['a file of 401 lines', linesOf(401, 'f();', 'f();'), fileRule],
];

const refusals: { code?: string; message?: string }[] = [];
const folder = mkdtempSync(join(tmpdir(), 'orchestrator-lint-'));
const refused = new Map<string, string[]>();
const BUILT_IN = 'packages/runtime/src/stores/built-in-storages.ts';

function plant(path: string, code: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), `${code}\n`);
}

beforeAll(() => {
  for (const file of ['.oxlintrc.jsonc', 'lint']) {
    cpSync(join(root, file), join(folder, file), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "strict": true, "noEmit": true } }');
  for (const [index, [inFolder, code]] of forbidden.entries()) plant(`${inFolder}/src/forbidden-${index}.ts`, code);
  for (const [index, [inFolder, code]] of allowed.entries()) plant(`${inFolder}/src/allowed-${index}.ts`, code);
  cpSync(join(root, BUILT_IN), join(folder, BUILT_IN));
  for (const [index, [, code]] of sizes.entries()) plant(`scripts/size-${index}.ts`, code);
  plant('packages/runtime/src/circle-a.ts', `import { b } from './circle-b.ts';\nexport const a = (): unknown => b;`);
  plant('packages/runtime/src/circle-b.ts', `import { a } from './circle-a.ts';\nexport const b = (): unknown => a;`);

  const { stdout } = spawnSync('oxlint --format=json packages apps examples scripts', {
    cwd: folder,
    encoding: 'utf8',
    shell: true,
  });
  const report: { diagnostics: { code?: string; message?: string; filename: string }[] } = JSON.parse(stdout);
  refusals.push(...report.diagnostics);
  for (const { code, filename } of report.diagnostics) {
    const path = filename.replaceAll('\\', '/');
    refused.set(path, [...(refused.get(path) ?? []), code ?? '']);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(forbidden.map(([inFolder, code, rule], index) => ({ inFolder, code, rule, index })))(
  'refused in $inFolder: $code',
  ({ inFolder, rule, index }) => {
    expect(refused.get(`${inFolder}/src/forbidden-${index}.ts`)).toContain(rule);
  },
);

test.each(allowed.map(([inFolder, code], index) => ({ inFolder, code, index })))(
  'allowed in $inFolder: $code',
  ({ inFolder, index }) => {
    const rules = refused.get(`${inFolder}/src/allowed-${index}.ts`) ?? [];

    expect(rules.filter((rule) => rule.startsWith('repository('))).toEqual([]);
  },
);

test('what is said of a retired word is the new one', () => {
  const messages = refusals.filter(({ code }) => code === retired).map(({ message }) => message);

  expect(messages).toContain('Judgement is retired: Decision');
  expect(messages).toContain('transition() is retired: execute');
  expect(messages).toContain('The field waiting of a scope is retired: openTasksLimit');
});

test('imports do not run in circles', () => {
  expect(refused.get('packages/runtime/src/circle-a.ts')).toContain('import(no-cycle)');
});

test('the one list of the storages that come along may name them', () => {
  expect(refused.get(BUILT_IN) ?? []).not.toContain(names);
});

test.each(sizes.map(([what, , rule], index) => ({ what, rule, index })))('sizes: $what', ({ rule, index }) => {
  const rules = refused.get(`scripts/size-${index}.ts`) ?? [];

  expect(rules.filter((one) => [functionRule, fileRule].includes(one))).toEqual(rule === '' ? [] : [rule]);
});

test('a line has at most 120 columns', () => {
  const text = ['a'.repeat(120), 'a'.repeat(121), `// ${'b'.repeat(120)}`].join('\n');

  expect(wideLines('x.ts', text)).toEqual([
    { line: 2, columns: 121 },
    { line: 3, columns: 123 },
  ]);
});

test('columns are what a terminal shows', () => {
  expect([columnsOf('agent'), columnsOf('회사'), columnsOf('회사'.normalize('NFD')), columnsOf('e\u0301')]).toEqual([
    5, 4, 4, 1,
  ]);
});

test('rows of Markdown tables, links and generated pages may be wider', () => {
  const wide = 'a'.repeat(130);
  const generated = `# The errors\n\nGenerated from \`errors.ts\` by \`npm run docs\`.\n\n${wide}`;

  expect(wideLines('x.md', `| ${wide} |\n- [words](${wide}).`)).toEqual([]);
  expect(wideLines('x.ts', `| ${wide} |`)).toHaveLength(1);
  expect(wideLines('x.md', wide)).toHaveLength(1);
  expect(wideLines('x.md', generated)).toEqual([]);
});

test('the check of lines reads code, pages and workflows, and says where', () => {
  const wide = `# ${'a'.repeat(130)}`;
  cpSync(join(root, 'scripts/lint-lines.mjs'), join(folder, 'scripts/lint-lines.mjs'));
  for (const name of ['docs/page.md', '.github/workflows/ci.yml', '.ci/run', 'dist/page.md']) plant(name, wide);

  const { status, stderr } = spawnSync(process.execPath, ['scripts/lint-lines.mjs'], { cwd: folder, encoding: 'utf8' });

  expect(status).toBe(1);
  expect(stderr.trim().split('\n').toSorted()).toEqual([
    '.ci/run:1 has 132 columns, at most 120',
    '.github/workflows/ci.yml:1 has 132 columns, at most 120',
    'docs/page.md:1 has 132 columns, at most 120',
  ]);
});
