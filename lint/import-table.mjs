// Who may import what: the architecture in one table, enforced by the lint rule `repository/import-table`.
// Examples are rows too: they show what a user can write. All other code, and every test, may import anything.

const scope = '@agent-orchestrator/';
const importLegacy = `${scope}import-legacy`;
const storages = [`${scope}storage-memory`, `${scope}storage-sqlite`, `${scope}storage-postgres`];

/** Modules that talk to a database, or know how. */
const databaseModules = ['better-sqlite3', 'drizzle-orm', 'postgres', 'node:sqlite'];

/**
 * - `only`: nothing but these modules
 * - `ours`: which packages of this repository
 * - `oursTypes`: packages of this repository of which only types may be imported
 * - `oursLazily`: packages that may be loaded by `import()` (or as types), never at start-up
 * - `databases`: which of the database modules
 */
const importTable = {
  'packages/core': { only: ['node:crypto', 'canonicalize', 'zod', '@standard-schema/spec'] },
  'packages/storage-memory': { ours: [`${scope}core`] },
  // Its schemas are for drizzle-kit, which writes the migrations; nothing that runs loads drizzle.
  'packages/storage-sql': { ours: [`${scope}core`] },
  'packages/storage-sqlite': { ours: [`${scope}core`, `${scope}storage-sql`], databases: ['better-sqlite3'] },
  'packages/storage-postgres': { ours: [`${scope}core`, `${scope}storage-sql`], databases: ['postgres'] },
  'packages/storage-conformance': { ours: [`${scope}core`, `${scope}storage-memory`] },
  'packages/import-legacy': { ours: [`${scope}core`], databases: ['better-sqlite3'] },
  'packages/runtime': { ours: [`${scope}core`], oursLazily: [...storages, importLegacy] },
  // Its demo is an example that comes along, as a bundle of its own. The server of an agent's tools and the dashboard
  // are loaded by their commands alone.
  'apps/cli': {
    ours: [`${scope}runtime`],
    oursTypes: [`${scope}core`],
    oursLazily: [
      'example-demo',
      'agent-orchestrator-mcp-server',
      'agent-orchestrator-plugins',
      'agent-orchestrator-dashboard',
    ],
  },
  'apps/*': { ours: [`${scope}runtime`], oursTypes: [`${scope}core`] },
  'examples/storage-node-sqlite': { ours: [`${scope}core`, `${scope}storage-sql`], databases: ['node:sqlite'] },
  'examples/*': { ours: [`${scope}core`, `${scope}runtime`], databases: ['node:sqlite'] },
};

/**
 * The folders inside a package, in the order in which they build on each other: a file may import from its own folder
 * and from those before it, types included. Files beside the folders (`index.ts`) may import from all.
 */
const folderOrder = {
  'packages/core': ['model', 'log', 'storage', 'commands', 'explain', 'api', 'journal'],
  'packages/runtime': ['system', 'text', 'settings', 'stores', 'processes', 'work', 'hosts', 'run', 'insight'],
};

/** The files that load a module whose address is known only when they run. All others name theirs by a plain text. */
export const loadsByAddress = new Set([
  'packages/runtime/src/stores/configured-storages.ts',
  'packages/storage-conformance/src/child/child-main.ts',
  'packages/storage-conformance/src/processes/process-program.ts',
  'packages/storage-conformance/src/processes/run-processes.ts',
]);

/** Why a file in the folder `from` of `source` may not import one in the folder `to`, or undefined when it may. */
export function folderRefusal(source, from, to) {
  const order = folderOrder[source];
  if (!order || from === to || from === undefined) return undefined;
  if (!order.includes(from)) return `${source}/src/${from} has no place in the folder order of lint/import-table.mjs`;
  if (to === undefined) return `${from} may not import from the files beside the folders of ${source}`;
  if (!order.includes(to)) return `${source}/src/${to} has no place in the folder order of lint/import-table.mjs`;
  return order.indexOf(to) < order.indexOf(from)
    ? undefined
    : `${from} may not import from ${to}: in ${source} the order is ${order.join(', ')}`;
}

const packageOf = (specifier) =>
  specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0];

/**
 * Why `folder` may not import `specifier`, or undefined when it may.
 * `kind` is 'static', 'type' or 'dynamic'.
 */
export function refusal(folder, specifier, kind) {
  const row = importTable[folder] ?? importTable[`${folder.split('/')[0]}/*`];
  if (!row) return `${folder} has no row in lint/import-table.mjs`;

  const name = packageOf(specifier);
  if (row.only) return row.only.includes(name) ? undefined : `${folder} may import nothing but ${row.only.join(', ')}`;

  if (row.oursLazily?.includes(name))
    return kind === 'static' ? `${folder} must load ${name} lazily, by import()` : undefined;
  if (name.startsWith(scope)) {
    if (row.ours?.includes(name)) return undefined;
    if (row.oursTypes?.includes(name))
      return kind === 'type' ? undefined : `${folder} may import only types of ${name}`;
    return `${folder} may not import ${name}`;
  }
  if (databaseModules.includes(name) && !row.databases?.includes(name)) {
    return `${folder} may not import ${name}: databases belong to the storages`;
  }
  return undefined;
}
