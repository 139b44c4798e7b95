import type { IncomingMessage } from 'node:http';
import { header, type Addresses } from './addresses.ts';

/** Why a request is not answered. */
export interface Refusal {
  readonly status: 403 | 405 | 421;
  readonly text: string;
}

/** Requests that only a page of this server makes. */
const OF_PAGES = /^\/(api|assets|metrics)(\/|$)/;

/**
 * What every request must pass, before anything is read. A page of another site can make a browser send requests here,
 * and a name of another site can lead here: neither gets an answer.
 */
export function refusalOf(request: IncomingMessage, path: string, { hosts, origins }: Addresses): Refusal | null {
  if (!hosts.has(header(request, 'host').toLowerCase())) return { status: 421, text: 'This host is not served here.' };
  const origin = request.headers.origin;
  if (origin !== undefined && !origins.has(origin)) return { status: 403, text: 'Another origin gets no answer.' };
  const site = header(request, 'sec-fetch-site');
  const isForeign = site !== '' && site !== 'same-origin' && site !== 'none';
  // A link of another site may lead to a page. It may not load a part of one.
  const isNavigation =
    header(request, 'sec-fetch-mode') === 'navigate' && header(request, 'sec-fetch-dest') === 'document';
  if (isForeign && (OF_PAGES.test(path) || !isNavigation)) return { status: 403, text: 'Another site gets no answer.' };
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, text: 'The dashboard only reads: GET and HEAD.' };
  return null;
}

/** Headers of every answer. */
export const SAFE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
} as const;
