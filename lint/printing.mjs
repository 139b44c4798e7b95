/**
 * The files that write to the standard streams. All others give what they have to say to `Output`, which lets no
 * character through that moves, hides or breaks anything on a terminal. A hook answers its host, and `run` passes on
 * what its command has written.
 */
const MAY_PRINT = [
  'apps/cli/src/output/output.ts',
  'apps/cli/src/output/readers.ts',
  'apps/agent-plugins/src/hook/main.ts',
  'packages/runtime/src/run/kept-output.ts',
];

/** What is no part of the command line: programs of users, and the suite, which talks to authors of storages. */
const OTHERS = ['examples/', 'packages/storage-conformance/'];

export const mayPrint = (path) => MAY_PRINT.includes(path) || OTHERS.some((folder) => path.startsWith(folder));

const STREAMS = ['stdout', 'stderr'];
const message = 'print through Output: it shows what a terminal must not get as it is';

/** The last name of `a` and `a.b`. */
const lastName = (node) => (node?.type === 'MemberExpression' ? node.property.name : node?.name);

const isStream = (node) => STREAMS.includes(lastName(node));
/** The descriptors of the streams. */
const isDescriptor = (node) => [1, 2].includes(node?.value) || (lastName(node) === 'fd' && isStream(node.object));

/** By the name of what is called: whether the call prints. */
const WAYS = {
  write: ({ object, args }) => isStream(object) || isDescriptor(args[0]),
  end: ({ object }) => isStream(object),
  writeSync: ({ args }) => isDescriptor(args[0]),
  writev: ({ args }) => isDescriptor(args[0]),
  writevSync: ({ args }) => isDescriptor(args[0]),
  pipe: ({ args }) => args.some(isStream),
  pipeTo: ({ args }) => args.some(isStream),
  pipeline: ({ args }) => args.some(isStream),
};

/** `console.log`, `process.stdout.write`, a write to its descriptor, a pipe into it, and names that say the same. */
export function printing(context) {
  return {
    CallExpression(node) {
      const { callee, arguments: args } = node;
      const isMember = callee.type === 'MemberExpression';
      const object = isMember ? callee.object : undefined;
      const name = isMember && callee.computed ? callee.property.value : lastName(callee);
      const prints = Object.hasOwn(WAYS, name ?? '') && WAYS[name]({ object, args });
      if (prints || lastName(object) === 'console') context.report({ node, message });
    },
  };
}
