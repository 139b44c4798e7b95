import { Output } from './output.ts';

/** The name of the warnings that this product gives. */
const OURS = 'OrchestratorWarning';

/**
 * Prints the warnings of this product as all else that it says beside an answer. The warnings of Node and of libraries
 * stay as Node prints them.
 */
export function printWarnings(): void {
  const others = process.listeners('warning');
  // The user wants none: `NODE_NO_WARNINGS=1`, or `--no-warnings`.
  if (others.length === 0) return;
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name === OURS) new Output('text').chatter(textOf(warning));
    else for (const listener of others) listener(warning);
  });
}

function textOf(warning: Error & { readonly code?: string }): string {
  const { code, message } = warning;
  return `warning: ${message}${code === undefined ? '' : ` [${code}]`}`;
}
