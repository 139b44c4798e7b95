// Writes docs/cli.md from the definitions of the commands: what the program says of itself is the reference.
import { EXIT_CODES, EXIT_OF, OTHER_EXIT_CODES } from '../src/exit-codes.ts';
import { createProgram } from '../src/program.ts';

const INTRODUCTION = `# The command line

Generated from the definitions of the commands by \`npm run docs\`; do not edit.

Answers go to standard output, everything else to standard error, with the prefix \`orchestrator:\`. With \`--json\`
there is exactly one document on standard output, on failure too; with \`--jsonl\`, where a command has it, one per line
as they come:

\`\`\`json
{"schema_version":1,"kind":"task","data":{"id":"…","status":"running"},"meta":{"as_of":4182}}
{"schema_version":1,"kind":"error","error":{"code":"BUSY","exit":75,"message":"…","retryable":true,"hint":"…"}}
\`\`\`

An error that waiting can help has \`retry_after_ms\` as well.

Keys are \`snake_case\`, times ISO-8601 in UTC. What users put in (\`payload\`, \`result\`, \`progress\`, \`data\`)
comes back as it was; so does the payload of an event, whose times are milliseconds, because it is the text that was
hashed. One thing is an object, many are an array. Every event up to \`meta.as_of\` is in the answer: continue with
\`events --after\` and miss nothing. A page that was cut has \`meta.next\`, the cursor for \`--after\`; in a
list that goes backwards, for \`--before\`.

Durations are written \`500ms\`, \`30s\`, \`2m\`, \`8h\`. JSON is given as text, as \`@FILE\`, or as \`-\` for standard
input.
`;

/** The options of a command as a table. */
function optionTable(options) {
  const shown = options.filter(({ hidden }) => !hidden);
  if (shown.length === 0) return '';
  const rows = shown.map(({ flags, description, envVar, argChoices }) => {
    const choices = argChoices ? `: ${argChoices.map((choice) => `\`${choice}\``).join(', ')}` : '';
    const variable = envVar ? ` (\`${envVar}\`)` : '';
    return `| \`${flags}\` | ${description.replaceAll('|', '\\|')}${choices}${variable} |`;
  });
  return `\n| option | |\n| --- | --- |\n${rows.join('\n')}\n`;
}

/** Without the commands that only the program itself calls. */
function visible(command) {
  return command.createHelp().visibleCommands(command);
}

function section(command, path) {
  const own = command.helpInformation().match(/^Usage: (.*)$/m)?.[1] ?? path;
  const children = visible(command);
  if (children.length > 0) return children.map((child) => section(child, `${path} ${child.name()}`)).join('\n');
  const positional = command.registeredArguments.map((one) => {
    const choices = one.argChoices ? `: ${one.argChoices.map((choice) => `\`${choice}\``).join(', ')}` : '';
    return `\`${one.name()}\`: ${one.description}${choices}.`;
  });
  const words = positional.length > 0 ? `\n${positional.join('  \n')}\n` : '';
  return `## ${path}\n\n\`${own}\`\n\n${command.description()}\n${words}${optionTable(command.options)}`;
}

function exitCodes() {
  const rows = Object.entries(EXIT_CODES).map(([exit, means]) => {
    const codes = Object.entries(EXIT_OF).filter(([, code]) => String(code) === exit);
    return `| ${exit} | ${means} | ${codes.map(([name]) => `\`${name}\``).join(' ')} |`;
  });
  const head = '| exit | means | `error.code` |\n| --- | --- | --- |';
  const table = `${head}\n${rows.join('\n')}`;
  return `## Exit codes\n\nThe same with and without \`--json\`.\n\n${table}\n\n${OTHER_EXIT_CODES}\n`;
}

async function generate() {
  const program = await createProgram(['help'], { exit() {}, say() {}, complain() {} });
  return [
    INTRODUCTION,
    `## Options of every command\n${optionTable(program.options)}`,
    ...visible(program).map((command) => section(command, `orchestrator ${command.name()}`)),
    exitCodes(),
  ].join('\n');
}

export default { page: 'docs/cli.md', generate };
