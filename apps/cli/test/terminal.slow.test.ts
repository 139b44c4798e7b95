/*
 * The lease that a claim leaves behind in its terminal session:
 *  - the verbs of the holder find it there, and nowhere else; only its user can read it; it goes with the release
 *  - of two leases none is guessed, so a holder that was taken over cannot write with the token of its successor
 *  - a lease that is lost stays, also when its holder was told, so that no later one is found alone
 *  - an empty token, as a refused claim leaves it, means no lease: that of a person in the terminal is not taken
 *  - what is printed to be typed next works where it is pasted
 *  - each agent, each run of it, and each store has its own
 *  - a terminal that has ended takes its leases with it, at the next claim
 *  - `claim --env` and `run` leave nothing; a claim does not fail where nothing can be written, but says so if an
 *    earlier lease would be taken for its own, and gives its token also with --quiet
 */
import { test } from 'vitest';
import { Cli } from './support/cli.ts';

const AGENT = { ORCHESTRATOR_AGENT: 'a' };
/** Prints the exit code, and the field and the message of an error. */
const SAY = `say() { o "$@" --json >answer; code=$?; node -p '
  const { error: { field, code, message } = {} } = JSON.parse(fs.readFileSync("answer", "utf8"));
  [process.argv[1], field ?? code ?? "", message ?? ""].join("|")' $code; }`;

test.concurrent('the verbs of the holder find it, and it goes with the release', async ({ expect }) => {
  using cli = new Cli();

  const { stdout, stderr } = await cli.inTerminal(
    [
      'o task create x --quiet >/dev/null',
      'o claim >/dev/null',
      'cd / && o heartbeat --quiet >/dev/null && o checkpoint --next-action more --quiet >/dev/null; echo "saved $?"',
      'find "$HOME/.openclaw/terminals" -printf "%m %y\\n"',
      'setsid "$0" "$program" heartbeat --quiet 2>/dev/null; echo "elsewhere $?"',
      'o release --outcome succeeded --quiet >/dev/null; echo "released $?"',
      'find "$HOME/.openclaw/terminals" -type f',
      'o heartbeat 2>/dev/null; echo "after $?"',
    ],
    AGENT,
  );

  expect(stdout.trimEnd().split('\n')).toEqual([
    'saved 0',
    '700 d',
    '700 d',
    '600 f',
    'elsewhere 64',
    'released 0',
    'after 64',
  ]);
  expect(stderr).toContain('next: orchestrator checkpoint --next-action TEXT');
  expect(stderr).not.toMatch(/ORCHESTRATOR_TOKEN|in a script/);
});

test.concurrent('of two leases none is guessed, and one that is lost stays when its holder was told', async ({
  expect,
}) => {
  using cli = new Cli();

  const { stdout } = await cli.inTerminal(
    [
      SAY,
      'o task create parser --session p --quiet >/dev/null',
      'o claim --ttl 1s --stale-after 1s --json >first',
      'o claim --wait 15s --json >next',
      'token() { node -p \'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).data.lease.token\' "$1"; }',
      'say checkpoint --next-action late',
      'say release --outcome succeeded',
      'say heartbeat --token "$(token first)"',
      'say heartbeat',
      'say release --outcome released --token "$(token next)"',
      'say heartbeat',
      'o claim --quiet >/dev/null; say checkpoint --next-action "with the token of a third one"',
      'o session show p --json | grep -o \'"context":null\'',
      'cut -d - -f 2 <<<"$(token first)"',
    ],
    AGENT,
  );

  const lines = stdout.trimEnd().split('\n');
  const secret = lines.pop() ?? '';
  const several = expect.stringMatching(/^64\|token\|.*left 2 leases, of t1 \(fence \d+\), t1 \(fence \d+\)/);
  const lost = expect.stringMatching(/^77\|LEASE_LOST\|/);
  expect(lines).toEqual([several, several, lost, several, '0||', lost, several, '"context":null']);
  expect(secret).toMatch(/^[\da-f]{32}$/);
  expect(lines.join('\n')).not.toContain(secret);
});

test.concurrent('an empty token means no lease: a script whose claim was refused ends none', async ({ expect }) => {
  using cli = new Cli();

  const { stdout } = await cli.inTerminal(
    [
      SAY,
      'o task create parser --session p --quiet >/dev/null',
      'o claim --quiet >/dev/null',
      '(eval "$(o claim --env 2>/dev/null)"; echo "claim $?"',
      'say checkpoint --next-action more; say release --outcome succeeded)',
      '(set -eu; export ORCHESTRATOR_TOKEN="$(o claim --json 2>/dev/null | node -p \'',
      'JSON.parse(fs.readFileSync(0, "utf8")).data.lease.token\' 2>/dev/null)"',
      'o release --outcome succeeded --quiet 2>/dev/null); echo "json $?"',
      'o session show p --json | grep -o \'"status":"running"\'',
      'o release --outcome succeeded --quiet >/dev/null; echo "person $?"',
    ],
    AGENT,
  );

  const empty = expect.stringMatching(/^64\|token\|The token of the lease is empty/);
  expect(stdout.trimEnd().split('\n')).toEqual(['claim 75', empty, empty, 'json 64', '"status":"running"', 'person 0']);
});

test.concurrent('what is printed to be typed next works where it is pasted', async ({ expect }) => {
  using cli = new Cli();

  const { stdout, stderr } = await cli.inTerminal([
    'orchestrator() { o "$@" --quiet; }',
    "lines() { sed -n 's/^orchestrator: \\(first\\|next\\|at the end\\): //p' said | sed s/TEXT/more/; }",
    'o task create x --agent b --quiet >/dev/null; o claim --agent b >/dev/null 2>said; cat said >&2',
    'eval "$(lines)"; echo "agent $?"',
    'export ORCHESTRATOR_AGENT=b',
    'o task create x --quiet >/dev/null; o claim >/dev/null 2>said; eval "$(lines)"; echo "token $?"',
    "set -- --store 'sqlite:an other.db' --namespace n; unset ORCHESTRATOR_TOKEN",
    'o task create x "$@" --quiet >/dev/null; o claim "$@" >/dev/null 2>said; cat said >&2',
    'eval "$(lines)"; echo "place $?"',
  ]);

  expect(stdout.match(/^\w+ \d+$/gm)).toEqual(['agent 0', 'token 0', 'place 0']);
  expect(stderr).toMatch(/first: export ORCHESTRATOR_TOKEN=.*\n.*next: orchestrator checkpoint --next-action TEXT\n/);
  expect(stderr).toMatch(/release --store 'sqlite:.*an other\.db' --namespace n --outcome succeeded\n/);
});

test.concurrent('each agent, each run of it, and each store has its own', async ({ expect }) => {
  using cli = new Cli();

  const { stdout } = await cli.inTerminal([
    'for n in 1 2 3; do o task create x --quiet >/dev/null; done',
    'export ORCHESTRATOR_STORE=sqlite:other.db; o task create x --quiet >/dev/null',
    'o claim --agent a --quiet >/dev/null; unset ORCHESTRATOR_STORE',
    `export ORCHESTRATOR_STORE='${cli.store}'`,
    'o claim --agent a --instance i --quiet >/dev/null',
    'o claim --agent a --instance j --quiet >/dev/null',
    'o claim --agent b --quiet >/dev/null',
    'for who in "a --instance i" "a --instance j" "b" "a" "c"; do',
    '  o release --agent $who --outcome succeeded --quiet 2>/dev/null >/dev/null; echo "$who $?"',
    'done',
    'o release --agent a --store sqlite:other.db --outcome succeeded --quiet >/dev/null; echo "other $?"',
  ]);

  // Of the runs of agent a, none is left.
  expect(stdout).toBe('a --instance i 0\na --instance j 0\nb 0\na 64\nc 64\nother 0\n');
});

test.concurrent('a terminal that has ended takes its leases with it, at the next claim', async ({ expect }) => {
  using cli = new Cli();
  const claim = ['o task create x --quiet >/dev/null', 'o claim --quiet >/dev/null; ls "$HOME/.openclaw/terminals"'];

  const [ended, next] = [await cli.inTerminal(claim, AGENT), await cli.inTerminal(claim, AGENT)];

  const names = [ended, next].map(({ stdout }) => stdout.trimEnd().split('\n'));
  expect(names.map(({ length }) => length)).toEqual([1, 1]);
  expect(names[1]).not.toEqual(names[0]);
});

test.concurrent('`claim --env` and `run` leave nothing; a claim says when an earlier one is found for it', async ({
  expect,
}) => {
  using cli = new Cli();
  cli.giveAway();

  const { stdout, stderr } = await cli.inTerminal(
    [
      'for n in 1 2 3 4 5; do o task create x --quiet >/dev/null; done',
      'o claim --env >/dev/null 2>&1; o run -- true 2>/dev/null',
      'ls "$HOME/.openclaw/terminals" 2>/dev/null',
      'HOME=/proc o claim >/dev/null; echo "$?"',
      'o claim --quiet >/dev/null; chmod 500 "$HOME"/.openclaw/terminals/*',
      'o claim --quiet >/dev/null 2>said; echo "$?"; cat said >&2; o heartbeat 2>/dev/null; echo "$?"',
      'eval "$(sed -n \'s/^orchestrator: first: //p\' said)"; o heartbeat --quiet >/dev/null; echo "$?"',
    ],
    AGENT,
    true,
  );

  expect(stdout).toBe('0\n0\n64\n0\n');
  expect(stderr).toMatch(/first: export ORCHESTRATOR_TOKEN=/);
  const [said, first] = stderr.trimEnd().split('\n').slice(-2);
  expect(said).toMatch(/not be left behind in this terminal, where an earlier one is: set ORCHESTRATOR_TOKEN$/);
  expect(first).toMatch(/first: export ORCHESTRATOR_TOKEN=[\w-]+$/);
});
