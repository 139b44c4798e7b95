import { linkKey } from './sign-in.ts';
import { Secrets } from './secrets.ts';

/** A dashboard of this user that runs already. */
export interface RunningDashboard {
  readonly link: string;
  /** Of its store, without a password. */
  readonly store: string;
}

const PATIENCE_MS = 2_000;

/** Asks the dashboard at a port for a link; null: there is none of this user. */
export async function askForLink(port: number, secrets = new Secrets()): Promise<RunningDashboard | null> {
  const at = String(Date.now());
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/login/link`, {
      headers: { 'x-orchestrator-link': `${at}.${linkKey(secrets, port, at)}` },
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return answer.ok ? ((await answer.json()) as RunningDashboard) : null;
  } catch {
    return null;
  }
}
