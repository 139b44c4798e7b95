// No code outside the storages asks which storage it is: code that names one would have to be changed for the next one.

/** The schemes of the built-in storages; `tests/lint-rules.test.ts` tries those of their providers. */
const schemes = ['sqlite', 'postgres', 'postgresql', 'memory'];

/** Words that name a storage wherever they stand; `memory` has other meanings. */
const names = /sqlite|postgres/i;
const urls = new RegExp(`^(${schemes.join('|')}):`, 'i');
const packages = /^@agent-orchestrator\/storage-(?!conformance)/;

const advice = 'only the storages and the list of the built-in ones name a storage: ask its provider';

/** Where storages may be named: the one list of those that come along, and that of their schemes. */
const exempt = ['packages/runtime/src/stores/built-in-storages.ts', 'packages/runtime/src/system/built-in-schemes.ts'];
/** Whose source must not name one. Their help texts and messages may show examples, within a sentence. */
const watched = /^(packages\/(core|import-legacy|runtime)|apps\/[^/]+)\/src\//;

export function mayNameStorages(path) {
  return !watched.test(path) || exempt.includes(path);
}

/** A scheme that something is compared with. */
const isScheme = (node) => node?.type === 'Literal' && schemes.includes(node.value);

export function storageNames(context) {
  const report = (node) => context.report({ node, message: advice });
  return {
    Literal(node) {
      const { value, regex } = node;
      if (regex) {
        if (names.test(regex.pattern)) report(node);
      } else if (typeof value === 'string') {
        if (urls.test(value) || packages.test(value) || (schemes.includes(value) && names.test(value))) report(node);
      }
    },
    TemplateLiteral(node) {
      if (urls.test(node.quasis[0].value.raw)) report(node);
    },
    Identifier(node) {
      if (names.test(node.name)) report(node);
    },
    BinaryExpression(node) {
      if (isScheme(node.left) || isScheme(node.right)) report(node);
    },
    SwitchCase(node) {
      if (isScheme(node.test)) report(node);
    },
  };
}
