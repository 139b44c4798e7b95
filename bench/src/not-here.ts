import process from 'node:process';

const NODE_LEAST = 24;

/**
 * Why the bench cannot run here; undefined: it can. Node runs it as it is written, and what other work takes from the
 * machine, and what a server spends, it reads from `/proc`.
 */
export function notHere(platform: string = process.platform, version = process.versions.node): string | undefined {
  if (platform !== 'linux') return `needs Linux, and this is ${platform}`;
  const major = Number(version.split('.')[0]);
  return major < NODE_LEAST ? `needs Node ${NODE_LEAST}, and this is ${version}` : undefined;
}
