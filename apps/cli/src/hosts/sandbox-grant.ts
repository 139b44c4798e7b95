/**
 * What a person grants for the command line in the shell of an agent.
 *
 * @param sandbox where only the workspace can be written
 * @param grant until when the store cannot be written there
 */
export function sandboxGrant(title: string, sandbox: string, grant: string): string {
  return (
    `The tools work in any sandbox: ${title} starts them outside of it. ${sandbox}, \`orchestrator\` in the shell ` +
    `cannot write the store until ${grant}`
  );
}
