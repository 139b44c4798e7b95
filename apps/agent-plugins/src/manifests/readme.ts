/** A page for people who look into the folder of the plugin. */
export function readme(host: string): string {
  return `# The Agent Orchestrator in ${host}

This plugin gives an agent in ${host} six tools, with which it takes tasks, saves its work and ends them. It also calls
the orchestrator when a session begins and ends: a new session starts with what an interrupted one left, and a task
goes back to the queue when its agent is gone.

The installed command line wrote this folder, and the plugin calls it. \`orchestrator mcp install\` writes it again, and
\`orchestrator doctor\` tells what is wrong with it. Nothing leaves this machine, except to the store that you chose.
`;
}
