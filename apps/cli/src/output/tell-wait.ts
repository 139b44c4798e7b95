import type { Output } from './output.ts';

/** Hosts are slow: some take half a minute to start our server and look at it. */
export function tellWait(output: Output, { title }: { readonly title: string }): void {
  if (output.format === 'text') output.chatter(`asking ${title} …`);
}
