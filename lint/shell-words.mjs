// A command that is printed gets pasted. What stands in it and is not the program's own text (an id, a path, a URL) goes
// through a function that quotes it for a shell: else the text of another agent would run in the reader's shell.

/** Functions that give one or more words that are safe in a shell. */
const quoting = ['shellWord', 'shellQuoted', 'referenceTo', 'taskReference', 'sessionReference', 'holderFlags'];

const advice = `in a command that people paste, give each part through one of: ${quoting.join(', ')}`;

/** Whether a command of the orchestrator begins in the text and does not end in it. */
function endsInCommand(text) {
  const start = text.search(/`?\borchestrator (?=[a-z-])(?!.*\borchestrator (?=[a-z-]))/su);
  if (start === -1) return false;
  return text[start] !== '`' || !text.slice(start + 1).includes('`');
}

const lastName = (node) => (node?.type === 'MemberExpression' ? node.property.name : node?.name);

function isSafe(node) {
  switch (node?.type) {
    case 'Literal':
      return true;
    case 'CallExpression':
      return quoting.includes(lastName(node.callee));
    case 'ConditionalExpression':
      return isSafe(node.consequent) && isSafe(node.alternate);
    case 'TemplateLiteral':
      return node.expressions.every(isSafe);
    default:
      return false;
  }
}

export function shellWords(context) {
  return {
    TemplateLiteral(node) {
      let text = '';
      for (const [at, expression] of node.expressions.entries()) {
        text += node.quasis[at].value.cooked;
        if (endsInCommand(text) && !isSafe(expression)) context.report({ node: expression, message: advice });
        text += '…';
      }
    },
  };
}
