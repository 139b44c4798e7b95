/*
 * The environment that a command inherits:
 *  - paths of the configuration, and of the files by which PostgreSQL's programs reach a server, start from the folder
 *    of this process
 *  - what is absolute, absent, empty or no path stays as it is, and so does everything else
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inheritedEnvironment } from '../src/processes/inherited-environment.ts';

const here = (path: string) => join(process.cwd(), path);

test.for([
  ['ORCHESTRATOR_CONFIG', 'conf/a.json', here('conf/a.json')],
  ['OPENCLAW_STATE_DIR', '../state', here('../state')],
  ['OPENCLAW_STATE_DIR', '~/state', join(homedir(), 'state')],
  ['PGPASSFILE', './passwords', here('passwords')],
  // PostgreSQL's programs do not know it either.
  ['PGPASSFILE', '~/passwords', here('~/passwords')],
  ['PGSERVICEFILE', 'services', here('services')],
  ['PGSYSCONFDIR', '.', process.cwd()],
  ['PGSSLCERT', 'tls/client.crt', here('tls/client.crt')],
  ['PGSSLKEY', 'tls/client.key', here('tls/client.key')],
  ['PGSSLROOTCERT', 'tls/root.crt', here('tls/root.crt')],
  ['PGSSLCRL', 'tls/root.crl', here('tls/root.crl')],
  ['PGSSLCRLDIR', 'tls/revoked', here('tls/revoked')],
] as const)('the path in %s=%s is absolute', ([name, value, path]) => {
  expect(inheritedEnvironment({ [name]: value, HOME: homedir() })[name]).toBe(path);
});

test.for([
  { ORCHESTRATOR_CONFIG: '/etc/a.json', PGPASSFILE: '/etc/passwords' },
  { ORCHESTRATOR_CONFIG: '', OPENCLAW_STATE_DIR: '' },
  { ORCHESTRATOR_CONFIG: '"quoted.json"' },
  { ORCHESTRATOR_CONFIG: '$HOME/a.json' },
  { PGSSLROOTCERT: 'system', PGSSLKEY: 'pkcs11:my-key', PGSERVICE: 'mine' },
  { PATH: 'bin', EMPTY: '' },
])('%j stays as it is', (env) => {
  expect(inheritedEnvironment(env)).toEqual(env);
});
