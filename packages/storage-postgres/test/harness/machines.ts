import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { isThere } from './is-there.ts';

/** A machine of its own, as far as networks and names go. */
export interface NetworkMachine {
  readonly name: string;
  /** Where it finds this machine. */
  readonly gateway: string;
  /** What runs a program on it; the program and its arguments follow. */
  readonly command: readonly string[];
  remove(): void;
}

/** Names begin so; the process that made them follows. */
const PREFIX = 'orchestrator-';

/**
 * Network namespaces, each with a wire of its own to this machine and a host name of its own. Only root can make them,
 * and only where the system allows it.
 *
 * @returns why not, if not; nothing is left behind then
 */
export function addNetworkMachines(count: number): NetworkMachine[] | { readonly reason: string } {
  const machines: NetworkMachine[] = [];
  try {
    removeForgotten();
    for (let number = 1; number <= count; number += 1) machines.push(addMachine(number));
    return machines;
  } catch (error) {
    for (const machine of machines) machine.remove();
    return { reason: (error as Error).message.trim() };
  }
}

function addMachine(number: number): NetworkMachine {
  const name = `${PREFIX}${process.pid}-${number}`;
  const wire = `orc${process.pid}x${number}`.slice(-15);
  const subnet = freeSubnet();
  const gateway = `${subnet}.1`;
  const command = ['ip', 'netns', 'exec', name, 'unshare', '--uts', 'sh', '-c', `hostname ${name} && exec "$@"`, 'sh'];
  try {
    ip('netns', 'add', name);
    ip('link', 'add', wire, 'type', 'veth', 'peer', 'name', 'wire', 'netns', name);
    ip('address', 'add', `${gateway}/24`, 'dev', wire);
    ip('link', 'set', wire, 'up');
    ip('-n', name, 'address', 'add', `${subnet}.2/24`, 'dev', 'wire');
    ip('-n', name, 'link', 'set', 'wire', 'up');
    execFileSync(command[0] as string, [...command.slice(1), 'true'], { stdio: 'pipe' });
  } catch (error) {
    removeMachine(name);
    throw error;
  }
  return { name, gateway, command, remove: () => removeMachine(name) };
}

/** The wire goes with it. */
function removeMachine(name: string): void {
  try {
    ip('netns', 'delete', name);
  } catch {
    // It was never there, or is gone.
  }
}

/** Those of runs that were killed before they could tidy up. */
function removeForgotten(): void {
  const names = ip('netns', 'list')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  for (const name of names) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-\\d+$`).exec(name)?.[1] ?? process.pid);
    if (pid !== process.pid && !isThere(pid)) removeMachine(name);
  }
}

/** Of the range that is set aside for such measurements (198.18.0.0/15). */
function freeSubnet(): string {
  const taken = Object.values(networkInterfaces()).flatMap(
    (addresses) => addresses?.map(({ address }) => address) ?? [],
  );
  for (;;) {
    const subnet = `198.18.${randomInt(256)}`;
    if (!taken.some((address) => address.startsWith(`${subnet}.`))) return subnet;
  }
}

function ip(...words: string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: 'pipe' });
}
