/**
 * The files that write to the standard streams. All others give what they have to say to `Output`, which lets no
 * character through that moves, hides or breaks anything on a terminal.
 */
const MAY_PRINT = ['apps/cli/src/output/output.ts', 'apps/cli/src/output/readers.ts'];

/** What is no part of the command line: programs of users, and the suite, which talks to authors of storages. */
const OTHERS = ['examples/', 'packages/storage-conformance/'];

export const mayPrint = (path) => MAY_PRINT.includes(path) || OTHERS.some((folder) => path.startsWith(folder));

const STREAMS = ['stdout', 'stderr'];
const message = 'print through Output: it shows what a terminal must not get as it is';

/** The last name of `a` and `a.b`. */
const lastName = (node) => (node?.type === 'MemberExpression' ? node.property.name : node?.name);

/** `console.log`, `process.stdout.write`, and `write` of a name that says the same. */
export function printing(context) {
  return {
    CallExpression(node) {
      const { callee } = node;
      if (callee.type !== 'MemberExpression') return;
      const object = lastName(callee.object);
      const name = callee.computed ? callee.property.value : callee.property.name;
      if (object === 'console' || (name === 'write' && STREAMS.includes(object))) context.report({ node, message });
    },
  };
}
