import { randomBytes } from 'node:crypto';
import { isSame, type Secrets } from './secrets.ts';

/**
 * How a program of this user gets a link from a dashboard that runs already. Another user's program may hold the port,
 * so both sides prove that they know the secret, and neither proof is good a second time:
 *
 * 1. the server names a text that it has just made: `challenge`
 * 2. the program proves the secret for that text, and adds a text of its own: `nonce`
 * 3. the server proves the secret for that nonce and for what it answers
 *
 * Every proof is made for one port, so a program at another port cannot pass it on.
 */
export interface LinkAnswer {
  readonly link: string;
  /** Of the store, without a password. */
  readonly store: string;
  readonly namespace: string;
  /** Of payloads and the other texts that `--no-payloads` leaves out. */
  readonly payloads: 'shown' | 'left_out';
  readonly proof: string;
}

export const LINK_HEADER = 'x-orchestrator-link';

const NONCE_BYTES = 24;

/** The program's side, for one challenge. */
export class LinkRequest {
  readonly #secrets: Secrets;
  readonly #port: number;
  readonly #nonce = randomBytes(NONCE_BYTES).toString('base64url');
  /** The value of the header. */
  readonly header: string;

  constructor(secrets: Secrets, port: number, challenge: string) {
    this.#secrets = secrets;
    this.#port = port;
    this.header = [challenge, this.#nonce, requestProof(secrets, port, [challenge, this.#nonce])].join('.');
  }

  /** Whether the answer comes from a dashboard of this user, and to this request. */
  isAnsweredBy({ proof, ...said }: LinkAnswer): boolean {
    return isSame(proof, answerProof(this.#secrets, this.#port, this.#nonce, said));
  }
}

/** The server's side. @returns null: the request is not of this user, or was sent before */
export function answerLinkRequest(
  header: string,
  { secrets, port, useChallenge }: { secrets: Secrets; port: number; useChallenge: (challenge: string) => boolean },
  answer: () => Omit<LinkAnswer, 'proof'>,
): LinkAnswer | null {
  const [challenge = '', nonce = '', proof = ''] = header.split('.');
  if (!isSame(proof, requestProof(secrets, port, [challenge, nonce])) || !useChallenge(challenge)) return null;
  const said = answer();
  return { ...said, proof: answerProof(secrets, port, nonce, said) };
}

function requestProof(secrets: Secrets, port: number, texts: readonly string[]): string {
  return secrets.keyFor('link request', String(port), ...texts);
}

function answerProof(
  secrets: Secrets,
  port: number,
  nonce: string,
  { link, store, namespace, payloads }: Omit<LinkAnswer, 'proof'>,
): string {
  return secrets.keyFor('link answer', String(port), nonce, link, store, namespace, payloads);
}
