/*
 * A reader that is gone ends the command that prints for it, also when there is nothing to print:
 *  - each command that continues until it is interrupted, or waits, ends within a second; its reader is a pipe
 *  - so it does when its reader is a socket, as a program of Node gives to a process that it starts
 *  - so it does when its reader is on the network, once the first line was too late for it
 *  - a reader on the network that sends no more is not gone
 *  - a named pipe counts as a pipe
 *  - a socket of packets gets no empty packet, which its reader would take for the end
 *  - a reader that is there and does not read is not gone
 *  - a terminal that was closed is gone, also for a program that it does not control
 *  - a file has no reader that can go, and a terminal that is there is not gone
 *  - `run` does not print for its reader: it does its work
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'vitest';
import { Cli } from './support/cli.ts';
import { commandExists, hasTerminal, Terminal } from './support/terminal.ts';
import { isGone, kill, ORCHESTRATOR, until } from './support/running.ts';

const PRINTERS = [
  'events --follow',
  'events --follow --jsonl --after 0',
  'events --follow --quiet --type task.failed',
  'status --watch',
  'status --watch --jsonl',
  'recover --watch',
  'recover --watch --jsonl',
  'claim --agent a --wait 1m --kind nothing-of-this-kind',
] as const;

/** A quiet store: nothing is printed after the start. */
async function quietStore(cli: Cli): Promise<void> {
  await cli.run(['task', 'create', 'x', '--session', 's']);
}

/** Runs a line of bash on the store. @returns how long it took, and what it said */
async function timed(cli: Cli, line: string) {
  const begunAt = performance.now();
  const shell = spawn('bash', ['-c', line], {
    cwd: cli.folder,
    env: { PATH: process.env['PATH'], HOME: cli.folder, ORCHESTRATOR_STORE: cli.store },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  shell.stdout.on('data', (text) => (said += String(text)));
  await once(shell, 'close');
  return { tookMs: performance.now() - begunAt, said };
}

/** A slow machine needs this long to start Node. A minute is what the commands would take by themselves. */
const SOON_MS = 15_000;

test.concurrent.for(PRINTERS)('%s ends when the reader of its pipe has gone', async (words, { expect }) => {
  using cli = new Cli();
  await quietStore(cli);

  const { tookMs, said } = await timed(
    cli,
    `{ timeout 60 ${ORCHESTRATOR} ${words}; echo "exit $?" >&2; } 2>end | { sleep 1; }; sleep 0.1; cat end`,
  );

  expect(tookMs).toBeLessThan(SOON_MS);
  expect(said).toMatch(words.startsWith('claim') ? /^exit 130$/m : /^exit 0$/m);
});

test.concurrent('head ends a follower of a quiet store with its first line', async ({ expect }) => {
  using cli = new Cli();
  await quietStore(cli);

  const { tookMs, said } = await timed(cli, `timeout 60 ${ORCHESTRATOR} events --follow | head -1`);

  expect(tookMs).toBeLessThan(SOON_MS);
  expect(said).toContain('session.opened');
});

test.concurrent.for(PRINTERS)('%s ends when the other end of its socket is closed', async (words, { expect }) => {
  using cli = new Cli();
  await quietStore(cli);
  const child = cli.start(words.split(' '));
  child.stdin.end();
  const ended = once(child, 'exit');
  await Promise.race([
    once(child.stdout, 'data'),
    once(child.stderr, 'data'),
    new Promise((r) => setTimeout(r, 3_000)),
  ]);
  const closedAt = performance.now();

  child.stdout.destroy();
  const [code, signal] = (await ended) as [number | null, string | null];

  expect([code, signal]).toEqual([words.startsWith('claim') ? 130 : 0, null]);
  expect(performance.now() - closedAt).toBeLessThan(SOON_MS);
});

/** Runs a follower whose output is a socket of the network. @returns it, and its reader, which has got what there is */
async function followerOfNetwork(cli: Cli) {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ours = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [reader] = (await once(server, 'connection')) as [Socket];
  const child = spawn(
    ORCHESTRATOR.split(' ')[0] ?? '',
    [...ORCHESTRATOR.split(' ').slice(1), 'events', '--follow', '--type', 'task.queued'],
    {
      cwd: cli.folder,
      env: { PATH: process.env['PATH'], HOME: cli.folder, ORCHESTRATOR_STORE: cli.store },
      stdio: ['ignore', ours, 'ignore'],
    },
  );
  ours.destroy();
  let got = '';
  reader.on('data', (text) => (got += String(text)));
  await until(() => got.includes('task.queued'));
  return {
    child,
    reader,
    got: () => got,
    [Symbol.dispose]() {
      child.kill('SIGKILL');
      reader.destroy();
      server.close();
    },
  };
}

test.concurrent('a follower on the network ends after the first line that came too late', async ({ expect }) => {
  using cli = new Cli();
  await quietStore(cli);
  using follower = await followerOfNetwork(cli);
  const { child, reader } = follower;
  const ended = once(child, 'exit');

  reader.destroy();
  await cli.run(['task', 'create', 'y', '--session', 's']);
  const closedAt = performance.now();

  expect(await ended).toEqual([0, null]);
  expect(performance.now() - closedAt).toBeLessThan(SOON_MS);
});

test.concurrent('a reader on the network that sends no more is not gone', async ({ expect }) => {
  using cli = new Cli();
  await quietStore(cli);
  using follower = await followerOfNetwork(cli);
  const { child, reader, got } = follower;

  reader.end();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await cli.run(['task', 'create', 'y', '--session', 's']);
  await until(() => got().split('task.queued').length === 3);

  expect(child.exitCode).toBeNull();
});

test.concurrent('a named pipe counts as a pipe', async ({ expect }) => {
  using cli = new Cli();
  await quietStore(cli);

  const { tookMs } = await timed(
    cli,
    `mkfifo p; head -1 p > first & timeout 60 ${ORCHESTRATOR} events --follow > p; wait; cat first`,
  );

  expect(tookMs).toBeLessThan(SOON_MS);
});

/** Runs a command whose output is a socket of packets. Prints how many packets without content arrive. */
const PACKETS = String.raw`
  use Socket;
  socketpair(my $ours, my $its, AF_UNIX, SOCK_SEQPACKET, 0) or die $!;
  my $pid = fork;
  if ($pid == 0) { open STDOUT, '>&', $its; close $ours; close $its; exec @ARGV; }
  close $its;
  my ($set, $empty) = ('', 0);
  vec($set, fileno $ours, 1) = 1;
  for (my $end = time + 4; time < $end; ) {
    next unless select my $ready = $set, undef, undef, 0.1;
    sysread $ours, my $packet, 65536;
    $empty += 1 if length $packet == 0;
  }
  print kill(0, $pid), " at work, $empty empty\n";
  kill 'INT', $pid;
  waitpid $pid, 0;`;

test.skipIf(!commandExists('perl'))('a socket of packets gets no empty packet', async ({ expect }) => {
  using cli = new Cli();
  await quietStore(cli);

  const { said } = await timed(
    cli,
    `perl -e '${PACKETS.replaceAll("'", String.raw`'\''`)}' ${ORCHESTRATOR} events --follow`,
  );

  expect(said).toBe('1 at work, 0 empty\n');
});

test.concurrent.for(['| (sleep 4; cat)', '> out'])('a reader that is there is not gone: %s', async (to, { expect }) => {
  using cli = new Cli();
  await quietStore(cli);

  const { said } = await timed(
    cli,
    `{ timeout -s INT 2.5 ${ORCHESTRATOR} events --follow --quiet; echo "exit $?" >&2; } 2>end ${to}; cat end`,
  );

  // `timeout` had to end it.
  expect(said).toContain('exit 124');
});

test.skipIf(!hasTerminal)('a closed terminal ends a program in a session of its own', async ({ expect }) => {
  using cli = new Cli();
  await quietStore(cli);
  using terminal = new Terminal(cli, `setsid ${ORCHESTRATOR} events --follow & echo "pid $!"; sleep 2`);
  const pid = Number(await until(() => /^pid (\d+)/m.exec(terminal.said)?.[1]));

  await terminal.closed;
  const wasThere = !isGone(pid);
  const goneBy = performance.now() + SOON_MS;
  while (!isGone(pid) && performance.now() < goneBy) await new Promise((resolve) => setTimeout(resolve, 50));
  const isLeft = !isGone(pid);
  kill(pid, 'SIGKILL');

  expect([wasThere, isLeft]).toEqual([true, false]);
});

test.skipIf(!hasTerminal)('a terminal is not gone', async ({ expect }) => {
  using cli = new Cli();
  await quietStore(cli);
  using terminal = new Terminal(cli, `timeout -s INT 2.5 ${ORCHESTRATOR} events --follow --quiet; echo "exit $?"`);

  await terminal.closed;

  expect(terminal.said).toContain('exit 124');
});

test.concurrent('run does its work without a reader', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x']);

  await timed(
    cli,
    `{ ${ORCHESTRATOR} run --agent a --wait 10s -- sh -c 'sleep 1; echo done > done'; echo $? > code; } | true; ` +
      'until [ -s code ]; do sleep 0.1; done',
  );

  await until(() => readFileSync(join(cli.folder, 'code'), 'utf8').trim() === '0');
  expect(readFileSync(join(cli.folder, 'done'), 'utf8')).toBe('done\n');
});
