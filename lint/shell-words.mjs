// People paste the commands that are printed. What is not the program's own text (an id, a path, a URL) goes through a
// function that quotes it for a shell. Otherwise the text of another agent would run in the reader's shell.

/** Functions that give one or more words that are safe in a shell. */
const quoting = [
  'shellWord',
  'shellArgument',
  'shellQuoted',
  'referenceTo',
  'taskReference',
  'sessionReference',
  'sessionArgument',
  'placeFlags',
];
/** Functions of a file that compose several words of a command: what they return is built by the same rule. */
const composing = /Words$/u;

const advice = `in a command that people paste, give each part through one of: ${quoting.join(', ')}`;

/** Whether a command of the orchestrator begins in the text and does not end in it. */
function endsInCommand(text) {
  const start = text.search(/`?\borchestrator (?=[a-z]|--[a-z])(?!.*\borchestrator (?=[a-z]|--[a-z]))/su);
  if (start === -1) return /\bORCHESTRATOR_[A-Z]+=$/u.test(text);
  return text[start] !== '`' || !text.slice(start + 1).includes('`');
}

/** The name of each binding that a declaration or a parameter makes. */
function namesIn(pattern) {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) => namesIn(property.value ?? property.argument));
    case 'ArrayPattern':
      return pattern.elements.flatMap(namesIn);
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    case 'RestElement':
      return namesIn(pattern.argument);
    default:
      return [];
  }
}

const lastName = (node) => (node?.type === 'MemberExpression' ? node.property.name : node?.name);

/** @param isSafeName whether a name stands for text that is safe, wherever it is declared in the file */
function isSafe(node, isSafeName = () => false) {
  switch (node?.type) {
    case 'Literal':
      return true;
    case 'Identifier':
      return isSafeName(node.name);
    case 'CallExpression':
      return isSafeCall(node, isSafeName);
    case 'ConditionalExpression':
      return isSafe(node.consequent, isSafeName) && isSafe(node.alternate, isSafeName);
    case 'TemplateLiteral':
      return node.expressions.every((expression) => isSafe(expression, isSafeName));
    default:
      return false;
  }
}

function isSafeCall({ callee, arguments: [first] }, isSafeName) {
  const name = lastName(callee);
  return quoting.includes(name) || composing.test(name) || (name === 'printable' && isSafe(first, isSafeName));
}

export function shellWords(context) {
  const constants = new Map();
  const others = new Set();
  const inCommands = [];
  const parameters = ({ params }) => params.flatMap(namesIn).forEach((name) => others.add(name));
  return {
    FunctionDeclaration: parameters,
    FunctionExpression: parameters,
    ArrowFunctionExpression: parameters,
    VariableDeclarator({ id, init }) {
      if (id.type === 'Identifier') constants.set(id.name, [...(constants.get(id.name) ?? []), init]);
      else for (const name of namesIn(id)) others.add(name);
    },
    TemplateLiteral(node) {
      let text = '';
      for (const [at, expression] of node.expressions.entries()) {
        text += node.quasis[at].value.cooked;
        if (endsInCommand(text)) inCommands.push(expression);
        text += '…';
      }
    },
    'Program:exit'() {
      const isSafeName = (name) =>
        !others.has(name) && (constants.get(name)?.every((init) => isSafe(init, isSafeName)) ?? false);
      for (const node of inCommands) if (!isSafe(node, isSafeName)) context.report({ node, message: advice });
    },
  };
}
