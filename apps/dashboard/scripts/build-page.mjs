// Builds the pages as static files: no inline script, relative addresses, so that they work below any path.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** @returns what was built, for the list of what others have written */
export async function buildPage(folder) {
  return build({
    configFile: false,
    root: at('../src/page'),
    base: './',
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2023',
      // The polyfill would be an inline script; images as data addresses need a laxer policy.
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      reportCompressedSize: false,
    },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage(at('../dist/page'));
