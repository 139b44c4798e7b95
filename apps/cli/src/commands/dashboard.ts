import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError } from 'commander';
import type { Dashboard, RunningDashboard } from 'agent-orchestrator-dashboard';
import { SECRET_VARIABLES } from '@agent-orchestrator/runtime/secret-variables';
import { startProgram } from '@agent-orchestrator/runtime';
import { makePrivateFolder, writePrivateFile } from '@agent-orchestrator/runtime/private-files';
import type { Call } from '../call.ts';
import type { Define } from '../command-module.ts';
import { Failure, usage } from '../failure.ts';
import { givenPlace, placeFlags } from '../given-place.ts';
import { interruption } from '../interruption.ts';
import { VERSION } from '../version.ts';

interface DashboardOptions {
  readonly port?: number;
  readonly open?: true;
  readonly publicUrl?: URL;
  readonly payloads: boolean;
}

const DEFAULT_PORT = 4_680;
const PORT_MAX = 65_535;
const SECRET_LENGTH_MIN = 16;

const define: Define = (program, run) => {
  program
    .command('dashboard')
    .description(
      'show the store in a browser: who works on what, what needs a person, what happened; it changes nothing\n\n' +
        'It prints a link that signs one browser in, within a minute. Called again, it prints a new link.',
    )
    .option('--port <n>', `port on this machine, 0 for any free one (default: ${DEFAULT_PORT})`, parsePort)
    .option('--open', 'open the link in a browser')
    .option('--public-url <url>', 'address of a proxy in front of it; see docs/dashboard.md', parseAddress)
    .option('--no-payloads', 'leave out all that users and agents wrote, but for titles, kinds and names')
    .action(run<DashboardOptions>(serve));
};

export default define;

async function serve(call: Call<DashboardOptions>): Promise<number> {
  if (call.output.format === 'json')
    throw usage('--json prints one document, but the dashboard runs until it is stopped.', 'Omit --json.', 'json');
  const { serveDashboard, askForLink, keepHeapSmall, problemOfPublicUrl } =
    await import('agent-orchestrator-dashboard');
  keepHeapSmall();
  const ended = interruption();
  const { store, thresholds } = call.settings;
  const { port = DEFAULT_PORT, publicUrl, payloads } = call.options;
  const problem = publicUrl === undefined ? null : problemOfPublicUrl(publicUrl);
  if (problem !== null) throw usage(`--public-url cannot be ${publicUrl?.href}. ${problem}`, undefined, 'public-url');
  const proxy = publicUrl === undefined ? undefined : { url: publicUrl, secret: proxySecret() };
  try {
    await using dashboard = await serveDashboard({
      store: store.value,
      namespace: call.settings.namespace.value,
      port,
      // The bundle has them beside this module.
      pageFolder: fileURLToPath(new URL('page', import.meta.url)),
      verifyProgram: new URL('dashboard-verify.js', import.meta.url),
      version: VERSION,
      thresholds,
      payloads,
      commandOptions: placeFlags(await givenPlace(call)),
      ...(proxy !== undefined && { proxy }),
      log: (line) => call.output.chatter(line),
    });
    await show(call, dashboard.newLink());
    call.output.chatter(`metrics: http://127.0.0.1:${dashboard.port}/metrics, token in ${dashboard.metricsTokenPath}`);
    const linksOnDemand = showOnEnter(call, dashboard);
    await untilAborted(ended);
    linksOnDemand[Symbol.dispose]();
    return 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    await show(call, linkOf(await askForLink(port), port, await shownBy(call)));
    call.output.chatter('a dashboard of this store runs at this port already; this is a new link to it');
    return 0;
  }
}

/** The link of the dashboard that has the port, if it shows what is asked for. */
function linkOf(running: RunningDashboard | null, port: number, wanted: Omit<RunningDashboard, 'link'>): string {
  if (running === null) throw portTaken(`Another program uses port ${port}.`);
  const { link, store, namespace, payloads } = running;
  if (store !== wanted.store || namespace !== wanted.namespace)
    throw portTaken(`The dashboard at port ${port} shows the namespace ${namespace} of ${store}.`);
  if (payloads !== wanted.payloads)
    throw portTaken(
      `The dashboard at port ${port} was started ${payloads === 'shown' ? 'without' : 'with'} --no-payloads.`,
    );
  return link;
}

function portTaken(message: string): Failure {
  return new Failure('NOT_STARTED', message, { exit: 69, hint: 'Give another --port.' });
}

async function shownBy({ settings, options }: Call<DashboardOptions>): Promise<Omit<RunningDashboard, 'link'>> {
  const { locateStore } = await import('@agent-orchestrator/runtime');
  const { location } = await locateStore(settings.store.value);
  const payloads = options.payloads ? 'shown' : 'left_out';
  return { store: location.url, namespace: settings.namespace.value, payloads };
}

async function show(call: Call<DashboardOptions>, link: string): Promise<void> {
  call.output.line(link);
  if (call.options.open !== true) return;
  try {
    await openInBrowser(link);
  } catch (error) {
    call.output.chatter(`the browser could not be opened, so open the link yourself: ${(error as Error).message}`);
  }
}

/** Each press of Enter in a terminal prints a new link. */
function showOnEnter(call: Call<DashboardOptions>, dashboard: Dashboard): Disposable {
  if (!process.stdin.isTTY) return { [Symbol.dispose]: () => {} };
  call.output.chatter('the link is good once, for a minute; press Enter for a new one, Ctrl-C to stop');
  const lines = createInterface({ input: process.stdin });
  lines.on('line', () => void show(call, dashboard.newLink()));
  return { [Symbol.dispose]: () => lines.close() };
}

/**
 * Through a file that only this user can read: the command line of a browser can be read by all users, and the first
 * that opens the link is signed in.
 */
async function openInBrowser(link: string): Promise<void> {
  const { dashboardFolder, openingPage } = await import('agent-orchestrator-dashboard');
  const folder = dashboardFolder();
  const path = join(folder, 'open.html');
  makePrivateFolder(folder);
  rmSync(path, { force: true });
  writePrivateFile(path, openingPage(link));
  const [program = '', ...words] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[
    process.platform as string
  ] ?? ['xdg-open'];
  const child = startProgram(program, [...words, path], { env: process.env, stdio: 'ignore', detached: true });
  // Without a browser, the printed link is there.
  child.on('error', () => {});
  child.unref();
}

function proxySecret(): string {
  const secret = process.env[SECRET_VARIABLES.proxy] ?? '';
  if (secret.length < SECRET_LENGTH_MIN)
    throw usage(
      '--public-url needs a secret that the proxy sends with each request.',
      `Set ${SECRET_VARIABLES.proxy} to at least ${SECRET_LENGTH_MIN} characters, and let the proxy send them as the ` +
        'header X-Orchestrator-Proxy-Secret.',
      'public-url',
    );
  return secret;
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > PORT_MAX) throw new InvalidArgumentError(`It is a number up to ${PORT_MAX}.`);
  return port;
}

function parseAddress(text: string): URL {
  if (!URL.canParse(text)) throw new InvalidArgumentError('It is an http or https address.');
  return new URL(text);
}
