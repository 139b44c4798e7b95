/** The one file that starts programs: what it starts gets no secret of this process. */
const MAY_START = ['packages/runtime/src/system/start-program.ts'];

/** A thread of ours is no other program. */
const THREADS = ['apps/dashboard/src/verify/'];

/** What is no part of the product: programs of users, and the suite, which is a test. */
const OTHERS = ['examples/', 'packages/storage-conformance/'];
/** The demo is in the bundle of the command line. */
const PRODUCT = ['examples/demo/src/'];

export const mayStart = (path) =>
  MAY_START.includes(path) || isIn(THREADS, path) || (isIn(OTHERS, path) && !isIn(PRODUCT, path));

const isIn = (folders, path) => folders.some((folder) => path.startsWith(folder));

const MODULES = ['child_process', 'cluster', 'worker_threads'].flatMap((name) => [name, `node:${name}`]);
const message = 'start programs through startProgram: it keeps the secrets of this process from them';

const valueOf = (node) =>
  node?.type === 'TemplateLiteral' && node.expressions.length === 0 ? node.quasis[0].value.cooked : node?.value;

/** Any import that is not only of types; and any call with such a name: of `require` however it was made, for one. */
export function childProcesses(context) {
  const check = (source, kind) => {
    if (kind !== 'type' && MODULES.includes(valueOf(source))) context.report({ node: source, message });
  };
  return {
    ImportDeclaration: (node) => check(node.source, node.importKind),
    ExportNamedDeclaration: (node) => check(node.source, node.exportKind),
    ExportAllDeclaration: (node) => check(node.source, node.exportKind),
    ImportExpression: (node) => check(node.source),
    CallExpression: (node) => check(node.arguments[0]),
  };
}
