import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { header, type Addresses } from './addresses.ts';
import { isSame, type Secrets } from './secrets.ts';

const CODE_BYTES = 24;
const CODE_MS = 60_000;
/** A browser is signed in for so long. */
const SIGNED_IN_MS = 12 * 3_600_000;
/** How far the clock in a request for a new link may be off. */
const ASKED_MS = 60_000;
/** Codes that were not used yet; more are not kept. */
const CODES_MAX = 16;

/** With a proxy: the secret that it sends in this header. */
const PROXY_HEADER = 'x-orchestrator-proxy-secret';

/**
 * Who may look. A link with a code signs one browser in, once, within a minute. The cookie that it gets is made of the
 * secret of the user, so it is good after a restart, too, until it expires.
 */
export class SignIn {
  readonly #secrets: Secrets;
  readonly #addresses: Addresses;
  readonly #port: number;
  readonly #proxySecret: string | null;
  readonly #clock: () => number;
  readonly #codes = new Map<string, number>();

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
  }

  /** A link for one browser. */
  newLink(): string {
    const code = randomBytes(CODE_BYTES).toString('base64url');
    this.#codes.set(code, this.#clock() + CODE_MS);
    for (const old of this.#codes.keys()) if (this.#codes.size > CODES_MAX) this.#codes.delete(old);
    const { publicUrl, host } = this.#addresses;
    return `${publicUrl?.href.replace(/\/?$/, '/') ?? `http://${host}/`}login?code=${code}`;
  }

  /** Takes a code. @returns the cookie; null: the code was used, is too old, or was never given */
  use(code: string): string | null {
    for (const [known, until] of this.#codes) {
      if (!isSame(code, known)) continue;
      this.#codes.delete(known);
      return this.#clock() <= until ? this.#newCookie() : null;
    }
    return null;
  }

  /** Whether the browser of a request is signed in, and came by an address whose cookies no other server gets. */
  isSignedIn(request: IncomingMessage): boolean {
    if (!this.#isOwnAddress(request)) return false;
    const cookies = header(request, 'cookie').split(/;\s*/);
    const value = cookies.find((one) => one.startsWith(`${this.#cookieName}=`))?.slice(this.#cookieName.length + 1);
    const [until = '', key = ''] = (value ?? '').split('.');
    return isSame(key, this.#keyUntil(until)) && this.#clock() < Number(until);
  }

  /** Whether a program of this user asks for a link. Its key names the minute, so it is of no use later. */
  mayAskForLink(request: IncomingMessage): boolean {
    const [at = '', key = ''] = header(request, 'x-orchestrator-link').split('.');
    return isSame(key, linkKey(this.#secrets, this.#port, at)) && Math.abs(this.#clock() - Number(at)) < ASKED_MS;
  }

  /** Whether it has the token of a monitoring system. */
  mayMeasure(request: IncomingMessage): boolean {
    return isSame(header(request, 'authorization'), `Bearer ${this.#secrets.metricsToken}`);
  }

  get #cookieName(): string {
    return `orchestrator-${this.#port}`;
  }

  #isOwnAddress(request: IncomingMessage): boolean {
    const host = header(request, 'host').toLowerCase();
    if (host === this.#addresses.host) return true;
    return this.#proxySecret !== null && isSame(header(request, PROXY_HEADER), this.#proxySecret);
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
    return this.#secrets.keyFor('cookie', String(this.#port), until);
  }
}

/** What a program sends to get a link from a dashboard that runs already. */
export function linkKey(secrets: Secrets, port: number, at: string): string {
  return secrets.keyFor('link', String(port), at);
}
