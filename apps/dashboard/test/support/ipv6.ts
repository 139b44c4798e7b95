import { networkInterfaces } from 'node:os';

/** Whether this machine has the other address of itself: many containers have not. */
export function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
}
