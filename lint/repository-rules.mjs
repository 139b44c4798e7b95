// The rules of this repository that no ready-made lint rule can express.
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childProcesses, mayStart } from './child-processes.mjs';
import { folderRefusal, loadsByAddress, refusal } from './import-table.mjs';
import { mayPrint, printing } from './printing.mjs';
import { EXEMPT as MAY_NAME_RETIRED, retiredWords } from './retired-words.mjs';
import { shellWords } from './shell-words.mjs';
import { mayNameStorages, storageNames } from './storage-names.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The package folder of a source file ('packages/core'), or undefined for tests, scripts and the rest. */
function sourceFolder(filename) {
  const [group, name, part] = relative(root, filename).split(sep);
  // Of an example, all is source that a user could write, except its tests and their settings.
  if (group === 'examples' && part !== undefined) return isOfTests(part) ? undefined : `${group}/${name}`;
  return (group === 'packages' || group === 'apps') && part === 'src' ? `${group}/${name}` : undefined;
}

const isOfTests = (part) => part === 'test' || part === 'vitest.config.ts';

/** `import type` and `export type` vanish when the code is built. */
const kindOf = (node) => (node.importKind === 'type' || node.exportKind === 'type' ? 'type' : 'static');

const importTable = {
  create(context) {
    const folder = sourceFolder(context.filename);
    if (!folder) return {};

    const check = (source, kind) => {
      if (source === null || source === undefined) return;
      if (source.type !== 'Literal' || typeof source.value !== 'string') {
        if (!loadsByAddress.has(relative(root, context.filename).split(sep).join('/')))
          context.report({
            node: source,
            message: 'name the module by a plain text, so that its package can be checked',
          });
        return;
      }
      const specifier = source.value;
      const message = specifier.startsWith('.')
        ? leaves(folder, context.filename, resolve(dirname(context.filename), specifier))
        : refusal(folder, specifier, kind);
      if (message) context.report({ node: source, message });
    };

    return {
      ImportDeclaration: (node) => check(node.source, kindOf(node)),
      ExportNamedDeclaration: (node) => check(node.source, kindOf(node)),
      ExportAllDeclaration: (node) => check(node.source, kindOf(node)),
      ImportExpression: (node) => check(node.source, 'dynamic'),
      TSImportType: (node) => check(node.source ?? node.argument?.literal ?? node.argument, 'type'),
    };
  },
};

function leaves(folder, file, target) {
  if (relative(resolve(root, folder), target).startsWith('..'))
    return `${folder} may not reach into another folder by a relative path`;
  return folderRefusal(folder, innerFolder(folder, file), innerFolder(folder, target));
}

/** The folder under `src` in which a file lies; undefined for a file beside the folders. */
function innerFolder(folder, file) {
  const [inner, ...rest] = relative(resolve(root, folder, 'src'), file).split(sep);
  return rest.length === 0 ? undefined : inner;
}

const forbidden = new Map([
  ['Date', ['now']],
  ['Math', ['random']],
  ['crypto', ['randomUUID', 'randomUUIDv7', 'getRandomValues', 'randomBytes', 'randomInt']],
  ['performance', ['now']],
  ['process', ['hrtime', 'uptime']],
]);
const forbiddenImports = [...forbidden.get('crypto'), 'randomFill', 'randomFillSync', 'webcrypto'];
const advice = 'core has no clock and no randomness of its own: take the time or the source as a parameter';

/** The last name of `a`, `a.b` and `globalThis.a.b`. */
const lastName = (node) => (node?.type === 'MemberExpression' ? node.property.name : node?.name);

const noOwnClock = {
  create(context) {
    const report = (node) => context.report({ node, message: advice });
    return {
      MemberExpression(node) {
        const property = node.computed ? node.property.value : node.property.name;
        if (forbidden.get(lastName(node.object))?.includes(property)) report(node);
      },
      VariableDeclarator(node) {
        if (node.id.type !== 'ObjectPattern') return;
        const names = forbidden.get(lastName(node.init)) ?? [];
        if (node.id.properties.some(({ key }) => names.includes(key?.name))) report(node);
      },
      NewExpression(node) {
        if (lastName(node.callee) === 'Date' && node.arguments.length === 0) report(node);
      },
      CallExpression(node) {
        if (lastName(node.callee) === 'Date') report(node);
      },
      ImportDeclaration(node) {
        if (node.source.value !== 'node:crypto') return;
        // A whole-module import would hide which of its names are used.
        if (node.specifiers.some(({ imported }) => !imported || forbiddenImports.includes(imported.name))) report(node);
      },
    };
  },
};

const noStorageNames = {
  create(context) {
    const path = relative(root, context.filename).replaceAll(sep, '/');
    return mayNameStorages(path) ? {} : storageNames(context);
  },
};

const noOtherPrinting = {
  create(context) {
    const path = relative(root, context.filename).replaceAll(sep, '/');
    return sourceFolder(context.filename) && !mayPrint(path) ? printing(context) : {};
  },
};

const noOtherChildProcesses = {
  create(context) {
    const path = relative(root, context.filename).replaceAll(sep, '/');
    return sourceFolder(context.filename) && !mayStart(path) ? childProcesses(context) : {};
  },
};

const quotedShellWords = {
  create: (context) => (sourceFolder(context.filename) ? shellWords(context) : {}),
};

const noRetiredWords = {
  create(context) {
    const path = relative(root, context.filename).replaceAll(sep, '/');
    return MAY_NAME_RETIRED.includes(path) ? {} : retiredWords(context);
  },
};

const functionLinesMax = 70;

/** `describe(…)`, `describe.each(…)(…)`: what it is given is a heading over tests, as a class is one over methods. */
function isHeading({ parent }) {
  let callee = parent?.type === 'CallExpression' ? parent.callee : undefined;
  while (callee?.type === 'CallExpression' || callee?.type === 'MemberExpression')
    callee = callee.type === 'CallExpression' ? callee.callee : callee.object;
  return callee?.name === 'describe';
}

/** The ready-made rule counts a `describe` as a function: test files would be cut by size instead of by subject. */
const functionLines = {
  create(context) {
    const check = (node) => {
      const lines = node.loc.end.line - node.loc.start.line + 1;
      if (lines <= functionLinesMax || isHeading(node)) return;
      context.report({ node, message: `${lines} lines are too many for a function: at most ${functionLinesMax}` });
    };
    return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
  },
};

/** `toMatchObject` compares own properties, and a pattern has none: it would match any text. */
const noPatternInMatchObject = {
  create(context) {
    const look = (node) => {
      if (node?.type === 'Literal' && node.regex)
        context.report({ node, message: 'toMatchObject takes any text for a pattern: use expect.stringMatching(…)' });
      if (node?.type === 'ObjectExpression') for (const { value } of node.properties) look(value);
      if (node?.type === 'ArrayExpression') for (const element of node.elements) look(element);
    };
    return {
      CallExpression(node) {
        if (node.callee.property?.name === 'toMatchObject') for (const argument of node.arguments) look(argument);
      },
    };
  },
};

export default {
  meta: { name: 'repository' },
  rules: {
    'import-table': importTable,
    'no-own-clock': noOwnClock,
    printing: noOtherPrinting,
    'child-processes': noOtherChildProcesses,
    'shell-words': quotedShellWords,
    'storage-names': noStorageNames,
    'retired-words': noRetiredWords,
    'function-lines': functionLines,
    'no-pattern-in-match-object': noPatternInMatchObject,
  },
};
