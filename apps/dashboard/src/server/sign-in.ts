import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { header, type Addresses } from './addresses.ts';
import { answerLinkRequest, LINK_HEADER, type LinkAnswer } from './link-request.ts';
import { OneTimeTexts } from './one-time-texts.ts';
import { isSame, type Secrets } from './secrets.ts';

/** A browser is signed in for so long. */
const SIGNED_IN_MS = 12 * 3_600_000;
const SECRET_BYTES = 32;
const CODES_MAX = 16;
/** Every program of this machine may ask for one. */
const CHALLENGES_MAX = 1_000;

/** With a proxy: the secret that it sends in this header. */
const PROXY_HEADER = 'x-orchestrator-proxy-secret';

/**
 * Who may look. A link with a code signs one browser in, once, within a minute. The cookie that it gets is good for
 * this process alone: after its end another user's program may take the port, and tabs that try again send it their
 * cookie.
 */
export class SignIn {
  readonly #secrets: Secrets;
  /** Signs cookies. It is nowhere but here. */
  readonly #cookieSecret = randomBytes(SECRET_BYTES);
  readonly #addresses: Addresses;
  readonly #port: number;
  readonly #proxySecret: string | null;
  readonly #clock: () => number;
  readonly #codes: OneTimeTexts;
  readonly #challenges: OneTimeTexts;

  constructor(
    secrets: Secrets,
    addresses: Addresses,
    { port, proxySecret, clock }: { port: number; proxySecret: string | null; clock: () => number },
  ) {
    this.#secrets = secrets;
    this.#addresses = addresses;
    this.#port = port;
    this.#proxySecret = proxySecret;
    this.#clock = clock;
    this.#codes = new OneTimeTexts(CODES_MAX, clock);
    this.#challenges = new OneTimeTexts(CHALLENGES_MAX, clock);
  }

  /** A link for one browser. */
  newLink(): string {
    const { publicUrl, host } = this.#addresses;
    return `${publicUrl?.href.replace(/\/?$/, '/') ?? `http://${host}/`}login?code=${this.#codes.make()}`;
  }

  /** Takes a code. @returns the cookie; null: the code was used, is too old, or was never given */
  use(code: string): string | null {
    return this.#codes.use(code) ? this.#newCookie() : null;
  }

  /**
   * Until when the browser of a request is signed in, in milliseconds; null: it is not, or it came by an address whose
   * cookies other servers get.
   */
  signedInUntil(request: IncomingMessage): number | null {
    if (!this.#isOwnAddress(request)) return null;
    const cookies = header(request, 'cookie').split(/;\s*/);
    const value = cookies.find((one) => one.startsWith(`${this.#cookieName}=`))?.slice(this.#cookieName.length + 1);
    const [until = '', key = ''] = (value ?? '').split('.');
    return isSame(key, this.#keyUntil(until)) && this.#clock() < Number(until) ? Number(until) : null;
  }

  /** What a program has to prove the secret for, before it gets a link. */
  newChallenge(): string {
    return this.#challenges.make();
  }

  /** A link for a program of this user, with a proof that it comes from here; null: the request proves nothing. */
  linkFor(request: IncomingMessage, shown: Omit<LinkAnswer, 'link' | 'proof'>): LinkAnswer | null {
    const side = {
      secrets: this.#secrets,
      port: this.#port,
      useChallenge: (challenge: string) => this.#challenges.use(challenge),
    };
    return answerLinkRequest(header(request, LINK_HEADER), side, () => ({ link: this.newLink(), ...shown }));
  }

  /** Whether it has the token of a monitoring system. */
  mayMeasure(request: IncomingMessage): boolean {
    return isSame(header(request, 'authorization'), `Bearer ${this.#secrets.metricsToken}`);
  }

  get #cookieName(): string {
    return `orchestrator-${this.#port}`;
  }

  #isOwnAddress(request: IncomingMessage): boolean {
    if (this.#proxySecret !== null) return isSame(header(request, PROXY_HEADER), this.#proxySecret);
    return header(request, 'host').toLowerCase() === this.#addresses.host;
  }

  #newCookie(): string {
    const until = String(this.#clock() + SIGNED_IN_MS);
    const { publicUrl } = this.#addresses;
    const further = publicUrl === null ? '; Path=/' : `; Path=${publicUrl.pathname}`;
    const secure = publicUrl?.protocol === 'https:' ? '; Secure' : '';
    const age = `; Max-Age=${SIGNED_IN_MS / 1_000}`;
    return `${this.#cookieName}=${until}.${this.#keyUntil(until)}; HttpOnly; SameSite=Strict${age}${further}${secure}`;
  }

  #keyUntil(until: string): string {
    return createHmac('sha256', this.#cookieSecret).update(until).digest('base64url');
  }
}
