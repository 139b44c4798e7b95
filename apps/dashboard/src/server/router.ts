import type { IncomingMessage, ServerResponse } from 'node:http';
import { OrchestratorError } from '@agent-orchestrator/runtime';
import { PROMETHEUS_CONTENT_TYPE } from '@agent-orchestrator/runtime';
import { document } from '@agent-orchestrator/runtime/wire-json';
import { AnswerError, type Answers } from '../api/answers.ts';
import { MissingError } from '../api/nearest.ts';
import { header, type Addresses } from './addresses.ts';
import { refusalOf, SAFE_HEADERS } from './gate.ts';
import type { Monitoring } from './monitoring.ts';
import type { PageFile } from './page-files.ts';
import { signedInPage, signInPage } from './sign-in-page.ts';
import type { SignIn } from './sign-in.ts';
import type { Streams } from './stream.ts';

/** What the server is made of. */
export interface Parts {
  readonly addresses: Addresses;
  readonly signIn: SignIn;
  readonly files: ReadonlyMap<string, PageFile>;
  readonly answers: Answers;
  readonly streams: Streams;
  readonly monitoring: Monitoring;
  /** For what went wrong here; the browser is told nothing of it. */
  readonly log: (line: string) => void;
}

interface Body {
  readonly text: string | Buffer;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const PLAIN = 'text/plain; charset=utf-8';
const HTML = 'text/html; charset=utf-8';
const JSON_TYPE = 'application/json';
const STORE_NOTHING = { 'cache-control': 'no-store' };

/** Answers one request. */
export async function route(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  const send = (status: number, { text, type, headers = {} }: Body) => {
    response.writeHead(status, { ...SAFE_HEADERS, 'content-type': type, ...STORE_NOTHING, ...headers });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
  try {
    await routed(request, response, parts, send);
  } catch (error) {
    if (response.headersSent) return void response.end();
    if (error instanceof AnswerError) return send(error.problem.status, unanswered(error));
    if (error instanceof OrchestratorError) return send(statusOf(error), problem(error.code, error.message));
    parts.log(`a request failed: ${String((error as Error).stack ?? error)}`);
    send(500, problem('INTERNAL', 'The dashboard could not answer; its terminal says why.'));
  }
}

async function routed(
  request: IncomingMessage,
  response: ServerResponse,
  parts: Parts,
  send: (status: number, body: Body) => void,
): Promise<void> {
  const { addresses, signIn, files, answers, streams, monitoring } = parts;
  const url = urlOf(request);
  if (url === null) return send(400, { text: 'This is no address.\n', type: PLAIN });
  const path = url.pathname;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  // A monitoring system may ask by any address. The answer tells nothing.
  if (path === '/health/live' && isRead) return send(200, { text: 'live\n', type: PLAIN });
  const refusal = refusalOf(request, path, addresses);
  if (refusal !== null)
    return send(refusal.status, {
      text: `${refusal.text}\n`,
      type: PLAIN,
      ...(refusal.status === 405 && { headers: { allow: 'GET, HEAD' } }),
    });

  if (path === '/health/ready') {
    const readiness = await monitoring.readiness();
    return send(readiness.ready ? 200 : 503, { text: `${JSON.stringify(readiness)}\n`, type: JSON_TYPE });
  }
  if (path === '/metrics') {
    if (!signIn.mayMeasure(request))
      return send(401, {
        text: 'Send the token of the file metrics-token as a bearer.\n',
        type: PLAIN,
        headers: { 'www-authenticate': 'Bearer' },
      });
    return send(200, { text: await monitoring.metrics(), type: PROMETHEUS_CONTENT_TYPE });
  }
  if (path === '/login/challenge')
    return send(200, { text: JSON.stringify({ challenge: signIn.newChallenge() }), type: JSON_TYPE });
  if (path === '/login/link') {
    const link = signIn.linkFor(request, answers.shown);
    if (link === null) return send(401, { text: 'Run `orchestrator dashboard`.\n', type: PLAIN });
    return send(200, { text: JSON.stringify(link), type: JSON_TYPE });
  }
  // A preview of the link, which asks for its head alone, does not use it up.
  if (path === '/login' && request.method === 'GET') return login(url, parts, send);

  const isPage = path === '/' || path === '/index.html';
  const file = files.get(isPage ? '/index.html' : path);
  if (!isPage && file !== undefined) return sendFile(request, file, send);
  const signedInUntil = signIn.signedInUntil(request);
  if (signedInUntil === null) {
    const host = header(request, 'host').toLowerCase();
    const isOwn = host === addresses.host || addresses.publicUrl !== null;
    if (path.startsWith('/api/')) return send(401, problem('SIGN_IN', 'Run `orchestrator dashboard`.'));
    return send(401, { text: signInPage(isOwn ? 'none' : 'address', addresses.host), type: HTML });
  }
  if (isPage && file !== undefined) return sendFile(request, file, send);
  if (path === '/api/stream') {
    if (request.method === 'HEAD') return send(200, { text: '', type: 'text/event-stream' });
    if (streams.open(response, signedInUntil)) return;
    return send(503, problem('STREAMS', 'Too many pages are open: close some of them.'));
  }
  const isQuestion = path.startsWith('/api/');
  const answer = isQuestion ? await answers.to(path.slice('/api/'.length), url.searchParams) : null;
  if (answer === null) return send(404, problem('NOT_FOUND', 'There is no such page.'));
  send(200, { text: answer, type: JSON_TYPE });
}

/** null: it is none. Every program of this machine may ask anything, so it is no event for the terminal. */
function urlOf({ url = '/' }: IncomingMessage): URL | null {
  return url.startsWith('/') && URL.canParse(url, 'http://x') ? new URL(url, 'http://x') : null;
}

function login(url: URL, { signIn, addresses }: Parts, send: (status: number, body: Body) => void): void {
  const cookie = signIn.use(url.searchParams.get('code') ?? '');
  if (cookie === null) return send(401, { text: signInPage('used', addresses.host), type: HTML });
  send(200, { text: signedInPage(), type: HTML, headers: { 'set-cookie': cookie } });
}

function sendFile(request: IncomingMessage, file: PageFile, send: (status: number, body: Body) => void): void {
  const isZipped = header(request, 'accept-encoding').includes('gzip');
  send(200, {
    text: isZipped ? file.gzip : file.plain,
    type: file.type,
    headers: {
      vary: 'accept-encoding',
      ...(isZipped && { 'content-encoding': 'gzip' }),
      ...(file.isImmutable && { 'cache-control': 'private, max-age=31536000, immutable' }),
    },
  });
}

function problem(code: string, message: string): Body {
  return { text: document('error', { error: { code, message } }), type: JSON_TYPE };
}

function unanswered({ problem: asked, meta }: AnswerError): Body {
  const { code, message } = asked;
  const { missing, near } = asked instanceof MissingError ? asked : {};
  return { text: document('error', { error: { code, message, missing, near }, meta }), type: JSON_TYPE };
}

function statusOf({ code }: OrchestratorError): number {
  if (code === 'INVALID_INPUT' || code === 'CURSOR_AHEAD') return 400;
  return code === 'NOT_FOUND' ? 404 : 503;
}
