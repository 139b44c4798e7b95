import { LINK_HEADER, LinkRequest, type LinkAnswer } from './link-request.ts';
import { Secrets } from './secrets.ts';

/** A dashboard of this user that runs already. */
export type RunningDashboard = Omit<LinkAnswer, 'proof'>;

const PATIENCE_MS = 2_000;
/** A program of another user may answer anything. */
const ANSWER_BYTES_MAX = 16_384;

/** Asks the dashboard at a port for a link; null: there is none of this user. */
export async function askForLink(port: number, secrets = new Secrets()): Promise<RunningDashboard | null> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const { challenge } = await ask<{ challenge: string }>(port, 'challenge', { signal });
    const request = new LinkRequest(secrets, port, challenge);
    const answer = await ask<LinkAnswer>(port, 'link', { signal, headers: { [LINK_HEADER]: request.header } });
    const { link, store, namespace, payloads } = answer;
    return request.isAnsweredBy(answer) ? { link, store, namespace, payloads } : null;
  } catch {
    return null;
  }
}

/** @throws if it answers something else than the texts that are asked for */
async function ask<Answer extends { readonly [Name in keyof Answer]: string }>(
  port: number,
  path: 'challenge' | 'link',
  init: RequestInit,
): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${port}/login/${path}`, { ...init, redirect: 'error' });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > ANSWER_BYTES_MAX) throw new Error('It answers too much.');
    chunks.push(chunk);
  }
  const said = JSON.parse(Buffer.concat(chunks).toString()) as Readonly<Record<string, unknown>>;
  if (Object.values(said).some((one) => typeof one !== 'string')) throw new Error('It answers something else.');
  return said as Answer;
}
