/** A file of each host, as a person wrote it. */
export const FILES = {
  'claude-code': ['.claude.json', '{\n    "numStartups": 7, "mcpServers": {"other": {"command": "x"}}\n}\n'],
  codex: ['.codex/config.toml', '# mine\nmodel = "m" # kept\n\n[mcp_servers.other]\ncommand = "x"\n'],
  'gemini-cli': ['.gemini/settings.json', '{\n  // mine\n  "ui": { "theme": "dark" }\n}\n'],
  openclaw: ['.openclaw/openclaw.json', "{\n  // mine\n  gateway: { port: 1 },\n  list: ['a',],\n}\n"],
} as const;
