// Every rule that guards the architecture, proved by planting what it forbids:
// - each package imports only what its row of lint/import-table.mjs allows, in every form an import can take
// - core has no clock and no randomness of its own
// - outside the storages no code names one, but for the one list of those that come along
// - promises are not left floating, `any` is not written, imports do not run in circles
// - a lint comment that switches nothing off is an error
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUILT_IN_STORAGES } from '../packages/runtime/src/stores/built-in-storages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const scope = '@agent-orchestrator';
const table = 'repository(import-table)';
const clock = 'repository(no-own-clock)';
const names = 'repository(storage-names)';
const storages = await Promise.all(Object.values(BUILT_IN_STORAGES).map((load) => load()));

/** [package folder, code, the rule that refuses it] */
const forbidden: [folder: string, code: string, rule: string][] = [
  ['packages/core', `import 'node:fs';`, table],
  ['packages/core', `import { join } from 'node:path'; join();`, table],
  ['packages/core', `export * from '${scope}/storage-memory';`, table],
  ['packages/core', `export { x } from 'uuid';`, table],
  ['packages/core', `export const load = () => import('better-sqlite3');`, table],
  ['packages/core', `export type X = import('drizzle-orm').SQL;`, table],
  ['packages/core', `import { x } from '../../runtime/src/index.ts'; x();`, table],
  ['packages/storage-sqlite', `export type { X } from '${scope}/storage-memory';`, table],
  ['packages/storage-sqlite', `import postgres from 'postgres'; postgres();`, table],
  ['packages/storage-memory', `import { x } from '${scope}/runtime'; x();`, table],
  ['packages/storage-memory', `import Database from 'better-sqlite3'; Database();`, table],
  ['packages/storage-conformance', `import { x } from '${scope}/storage-sqlite'; x();`, table],
  ['packages/runtime', `import { x } from '${scope}/storage-sqlite'; x();`, table],
  ['packages/runtime', `import Database from 'better-sqlite3'; Database();`, table],
  ['packages/runtime', `import { DatabaseSync } from 'node:sqlite'; DatabaseSync();`, table],
  ['packages/runtime', `import { x } from '${scope}/cli'; x();`, table],
  ['packages/newcomer', `import { x } from 'uuid'; x();`, table],
  ['apps/cli', `import { x } from '${scope}/storage-sqlite'; x();`, table],
  ['apps/cli', `export const load = () => import('${scope}/storage-memory');`, table],
  ['apps/cli', `import { sql } from 'drizzle-orm'; sql();`, table],
  ['apps/cli', `import { x } from '${scope}/core'; x();`, table],
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
  ['packages/runtime', `export const load = () => import('${scope}/storage-sqlite/provider');`, names],
  ['packages/runtime', `export type { X } from '${scope}/storage-memory';`, names],
  ['apps/cli', `export const openPostgres = 1;`, names],
  ['packages/runtime', `const f = async () => 1; f();`, 'typescript(no-floating-promises)'],
  ['packages/runtime', `export const a = [1].filter(async () => true);`, 'typescript(no-misused-promises)'],
  ['packages/runtime', `export const f = async () => { await 1; };`, 'typescript(await-thenable)'],
  ['packages/runtime', `export const x: any = 1;`, 'typescript(no-explicit-any)'],
  ['packages/runtime', `// oxlint-disable-next-line no-console\nexport const x = 1;`, ''],
];

/** [package folder, code] */
const allowed: [folder: string, code: string][] = [
  ['packages/core', `import { createHash } from 'node:crypto'; createHash('sha256');`],
  ['packages/core', `import canonicalize from 'canonicalize'; canonicalize({});`],
  ['packages/storage-sqlite', `import { sql } from 'drizzle-orm/sqlite-core'; sql();`],
  ['packages/storage-sqlite', `import { x } from '${scope}/core'; x();`],
  ['packages/storage-conformance', `import { x } from '${scope}/storage-memory'; x();`],
  ['apps/cli', `export type { X } from '${scope}/core';`],
  ['apps/cli', `import { x } from '${scope}/runtime'; x();`],
  ['apps/cli', `export const hint = 'Give --to sqlite:/path/to.db, or postgres://user@host/database.';`],
  ['packages/runtime', `export const label = (text: string) => \`memory \${text}\`;`],
  ['packages/core', `export const day = new Date(0).toISOString();`],
  ['packages/runtime', `export const now = Date.now();`],
];

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
  plant('packages/runtime/src/circle-a.ts', `import { b } from './circle-b.ts';\nexport const a = (): unknown => b;`);
  plant('packages/runtime/src/circle-b.ts', `import { a } from './circle-a.ts';\nexport const b = (): unknown => a;`);

  const { stdout } = spawnSync('oxlint --format=json packages apps', { cwd: folder, encoding: 'utf8', shell: true });
  const report: { diagnostics: { code?: string; filename: string }[] } = JSON.parse(stdout);
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

test('imports do not run in circles', () => {
  expect(refused.get('packages/runtime/src/circle-a.ts')).toContain('import(no-cycle)');
});

test('the one list of the storages that come along may name them', () => {
  expect(refused.get(BUILT_IN) ?? []).not.toContain(names);
});
