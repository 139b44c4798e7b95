// Bundles the command line: Node spends most of a short command's time finding and parsing modules.
// Every `import()` in the source becomes a chunk of its own, so a command loads only what it needs. The demo is a
// second bundle, and a program of its agents a third; what they share with the first is in it once. So are
// the programs of the plugins.
import { cp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { buildPage } from 'agent-orchestrator-dashboard/build-page';
import { build } from 'rolldown';
import { writeThirdParty } from './third-party.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * What every command needs, and what the calls of a lease's holder need: one file each, so that they start fast.
 */
const GROUPS = {
  start: [at('../src/main.ts'), at('../src/interruption.ts')],
  lease: [
    ...['claim', 'heartbeat', 'checkpoint', 'release', 'resume'].map((name) => at(`../src/commands/${name}.ts`)),
    at('../src/store-access.ts'),
    // More of it is used by other commands.
    at('../src/views/task.ts'),
    at('../../../packages/storage-sqlite/src/provider.ts'),
    at('../../../packages/storage-sqlite/src/open.ts'),
  ],
};

const input = {
  main: at('../src/index.ts'),
  descriptors: at('../src/run/descriptors.ts'),
  demo: at('../../../examples/demo/src/index.ts'),
  'demo-agent': at('../../../examples/demo/src/agent-program.ts'),
  // What the plugins of agent hosts call.
  hook: at('../../agent-plugins/src/hook/main.ts'),
  openclaw: at('../../agent-plugins/src/openclaw/plugin.ts'),
  'host-keeper': at('../../mcp-server/src/keeper.ts'),
  // The program of a thread.
  'dashboard-verify': at('../../dashboard/src/verify/verify-worker.ts'),
};

const options = {
  cwd: at('..'),
  platform: 'node',
  // Native code cannot be bundled.
  external: ['better-sqlite3'],
  resolve: { conditionNames: ['@agent-orchestrator/source', 'import', 'node', 'default'] },
  transform: { target: 'node22' },
  plugins: [{ name: 'builtins of commander', resolveId: builtinOfCommander }, builtins()],
  logLevel: 'warn',
};

const written = {
  sourcemap: true,
  // With line breaks: Node prints the line of an uncaught error.
  minify: { mangle: true, compress: true, codegen: { removeWhitespace: false } },
  comments: { legal: true, annotation: false, jsdoc: false },
};

await rm(at('../dist'), { recursive: true, force: true });
const program = await build({
  ...options,
  input,
  // Groups without their dependencies need it: else rolldown sets it, and warns.
  preserveEntrySignatures: 'allow-extension',
  output: {
    dir: at('../dist'),
    format: 'esm',
    // All chunks lie side by side: a storage looks for its migrations at ../drizzle, wherever it ends up.
    chunkFileNames: '[name]-[hash].js',
    ...written,
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: await Promise.all(
        Object.entries(GROUPS).map(async ([name, files]) => {
          const modules = await modulesLoadedWith(files);
          return { name, test: (id) => modules.has(id) };
        }),
      ),
    },
  },
});

// `#string-width` in package.json: the runtime loads it only for text that needs it. Any Node can require this form.
const width = await build({
  ...options,
  input: createRequire(at('../../../packages/runtime/package.json')).resolve('string-width'),
  output: { file: at('../dist/string-width.cjs'), format: 'cjs', exports: 'named', ...written },
});

// The pages of the dashboard, as files that it sends to browsers.
const page = await buildPage(at('../dist/page'));

const modules = [program, width, page].flatMap(({ output }) => output.flatMap(({ moduleIds }) => moduleIds ?? []));
writeThirdParty(at('../dist'), modules, at('..'));

await rm(at('../drizzle'), { recursive: true, force: true });
for (const storage of ['storage-sqlite', 'storage-postgres']) {
  const migrations = at(`../../../packages/${storage}/drizzle`);
  if (existsSync(migrations)) await cp(migrations, at('../drizzle'), { recursive: true });
}

// The programs that `run` starts its command with.
await rm(at('../native'), { recursive: true, force: true });
for (const name of ['keeper-x64', 'keeper-arm64'])
  await cp(at(`../../../packages/runtime/native/${name}`), at(`../native/${name}`));

/** The modules of these files, and of what they use of other files, not counting what they load on demand. */
async function modulesLoadedWith(files) {
  // One chunk for each module: chunks of several also hold what is only loaded later.
  const { output } = await build({ ...options, input: files, output: { preserveModules: true }, write: false });
  const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]));
  const loaded = new Set(output.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  for (const name of loaded) for (const imported of chunks.get(name)?.imports ?? []) loaded.add(imported);
  return new Set([...loaded].flatMap((name) => chunks.get(name)?.moduleIds ?? []));
}

/**
 * Takes the names of Node's modules from these directly. An `import` of one reads all its names, and some are only
 * loaded then: the streams of `node:fs`, the worker threads behind `node:util`, web crypto. Chunks that import each
 * other keep their imports: one of them runs before the other has taken its names.
 */
function builtins() {
  return {
    name: 'builtins without imports',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk' || reaches(bundle, chunk, chunk.fileName)) continue;
        const imports = this.parse(chunk.code).body.filter(
          ({ type, source }) => type === 'ImportDeclaration' && source.value.startsWith('node:'),
        );
        // All lines stay where they are.
        for (const { start, end, source, specifiers } of imports.toReversed())
          chunk.code = `${chunk.code.slice(0, start)}${builtinTaken(source.value, specifiers)}${chunk.code.slice(end)}`;
      }
    },
  };
}

/** Whether a chunk imports a file, also by way of others. */
function reaches(bundle, { imports }, fileName, seen = new Set()) {
  return imports.some((one) => {
    if (one === fileName) return true;
    if (seen.has(one) || bundle[one] === undefined) return false;
    seen.add(one);
    return reaches(bundle, bundle[one], fileName, seen);
  });
}

/** On one line, as the `import` was. */
function builtinTaken(name, specifiers) {
  // Not `process` alone: a chunk may have taken that name for the module.
  const builtin = `globalThis.process.getBuiltinModule('${name}')`;
  const whole = specifiers.filter(({ type }) => type !== 'ImportSpecifier').map(({ local }) => local.name);
  const names = specifiers
    .filter(({ type }) => type === 'ImportSpecifier')
    .map(({ imported, local }) => `${imported.name ?? imported.value}: ${local.name}`);
  return [
    ...whole.map((local) => `const ${local} = ${builtin};`),
    ...(names.length > 0 ? [`const { ${names.join(', ')} } = ${builtin};`] : []),
  ].join(' ');
}

/** Commander imports modules of Node that a command rarely needs, and that take long to load. */
function builtinOfCommander(name, importer) {
  const isCommander = importer?.replaceAll('\\', '/').includes('/node_modules/commander/');
  const instead = { 'node:process': 'process.mjs', 'node:child_process': 'child-process.mjs' }[name];
  return isCommander && instead ? at(`./builtins/${instead}`) : undefined;
}
