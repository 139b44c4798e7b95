// Bundles the command line: Node spends most of a short command's time finding and parsing modules.
// Every `import()` in the source becomes a chunk of its own, so a command loads only what it needs. The demo is a
// second bundle, and a program of its agents a third; what they share with the first is in it once.
import { cp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

await rm(at('../dist'), { recursive: true, force: true });
await build({
  cwd: at('..'),
  input: {
    main: at('../src/index.ts'),
    demo: at('../../../examples/demo/src/index.ts'),
    'demo-agent': at('../../../examples/demo/src/agent-program.ts'),
  },
  platform: 'node',
  // Native code cannot be bundled.
  external: ['better-sqlite3'],
  resolve: { conditionNames: ['@agent-orchestrator/source', 'import', 'node', 'default'] },
  transform: { target: 'node22' },
  logLevel: 'warn',
  output: {
    dir: at('../dist'),
    format: 'esm',
    // All chunks lie side by side: a storage looks for its migrations at ../drizzle, wherever it ends up.
    chunkFileNames: '[name]-[hash].js',
    sourcemap: true,
  },
});

await rm(at('../drizzle'), { recursive: true, force: true });
for (const storage of ['storage-sqlite', 'storage-postgres']) {
  const migrations = at(`../../../packages/${storage}/drizzle`);
  if (existsSync(migrations)) await cp(migrations, at('../drizzle'), { recursive: true });
}
