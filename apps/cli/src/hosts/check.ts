import { existsSync } from 'node:fs';
import type { Finding } from '@agent-orchestrator/runtime';
import { KEEPER_BOUNDS, parkAfterMs, resolveSettings, shellWord } from '@agent-orchestrator/runtime';
import { durationText } from '@agent-orchestrator/runtime/duration';
import { Failure } from '../failure.ts';
import { findHost } from './find-host.ts';
import { HOSTS } from './index.ts';
import { pluginOf } from './plugins.ts';
import { entryOf } from './install.ts';
import type { Place } from './host.ts';
import { readRecords, type InstallRecord } from './record.ts';

/**
 * Whether what was installed is still there, one finding for each installation. It looks at files alone: to ask a host
 * takes seconds, and `mcp install` does it again.
 */
export async function checkInstallations(place: Place): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    for (const record of readRecords(place)) findings.push(await check(record, { ...place, folder: record.folder }));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    findings.push(finding('warning', error.message, 'Move that away, and set up the host again.'));
  }
  return findings;
}

async function check(record: InstallRecord, place: Place): Promise<Finding> {
  const { host: name, scope, server, files } = record;
  const host = HOSTS[name];
  const kind = server === null ? ' --plugin' : '';
  const again = `Run \`orchestrator mcp install ${shellWord(name)} --scope ${shellWord(scope)}${kind}\`.`;
  const warning = (what: string, hint = again) => finding('warning', `${host.title}: ${what}.`, hint);
  if (files.some(({ after }) => after === null)) return warning('its installation was interrupted');
  if (findHost(host, place) === null)
    return warning(
      'its program is gone',
      `Install it again, or run \`orchestrator mcp uninstall ${shellWord(name)}\`.`,
    );
  const needed = server === null ? [pluginOf(name, place)] : [server.command, ...server.args.slice(0, 1)];
  const missing = needed.find(isMissing);
  if (missing !== undefined) return warning(`it starts ${missing}, which does not exist any more`);
  try {
    const isThere = server === null || JSON.stringify(await entryOf(host, scope, place)) === JSON.stringify(server);
    const what = server === null ? 'the plugin is' : 'the tools are';
    const said = `${host.title}: ${what} set up for the scope ${scope}; ${await parking(server === null)}.`;
    if (isThere) return finding('ok', said, null);
    return warning('its configuration does not start the server any more, or another one');
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return warning(error.message.replace(/\.(?: Nothing was changed\.)?$/u, ''), error.hint);
  }
}

/** When the tasks of a host are given back although it lives. Only the plugin tells of the work between two calls. */
async function parking(isObserved: boolean): Promise<string> {
  const { parkAfterMs: after } = await resolveSettings();
  const ms = parkAfterMs({ isObserved }, { ...KEEPER_BOUNDS, parkAfterMs: after.value });
  return `without progress its tasks are given back after ${durationText(ms)}`;
}

/** A name without a folder is looked for on the PATH of the host. */
const isMissing = (path: string): boolean => path.includes('/') && !existsSync(path);

function finding(severity: 'ok' | 'warning', message: string, hint: string | null): Finding {
  return {
    check: 'agent_hosts',
    severity,
    message,
    hint,
    count: severity === 'ok' ? 0 : 1,
    countCapped: false,
    subjects: [],
    events: [],
    fix: null,
  };
}
