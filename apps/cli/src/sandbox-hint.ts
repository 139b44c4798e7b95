import type { Failure } from './failure.ts';

/** Where a sandbox lets a command reach neither its files nor its server, the store says one of these. */
const DENIED: ReadonlySet<string> = new Set(['STORE_READ_ONLY', 'STORE_PERMISSION', 'STORE_UNREACHABLE']);

/**
 * A failure with what to do next for a command in the shell of an agent host, whose sandbox may be what keeps it from
 * the store.
 */
export async function withSandboxHint(failure: Failure): Promise<Failure> {
  const { code, hint = '' } = failure;
  if (!DENIED.has(code)) return failure;
  const { hostsThatMarked } = await import('@agent-orchestrator/runtime');
  if (hostsThatMarked(process.env).length === 0) return failure;
  const way =
    'In the sandbox of an agent host, use its tools of the orchestrator, or let a person allow the store: ' +
    '`orchestrator mcp install` says how.';
  return failure.withHint(hint === '' ? way : `${way} Elsewhere: ${hint}`);
}
