/*
 * Which store is meant:
 *  - the argument goes before everything
 *  - ORCHESTRATOR_STORE goes before ORCH_DB_PATH
 *  - ORCH_DB_PATH is a path
 *  - OPENCLAW_STATE_DIR goes before HOME
 *  - HOME is the last resort
 *  - an empty variable counts as absent
 */
import { expect, test } from 'vitest';
import { parseStoreUrl, resolveStore } from '../src/index.ts';

const all = {
  ORCHESTRATOR_STORE: 'sqlite:/env.db',
  ORCH_DB_PATH: '/path.db',
  OPENCLAW_STATE_DIR: '/state',
  HOME: '/home/me',
};

test('the argument goes before everything', () => {
  expect(resolveStore('memory:', all)).toEqual({ url: 'memory:', from: 'argument' });
});

test('ORCHESTRATOR_STORE goes before ORCH_DB_PATH', () => {
  expect(resolveStore(undefined, all)).toEqual({ url: 'sqlite:/env.db', from: 'ORCHESTRATOR_STORE' });
});

test('ORCH_DB_PATH is a path', () => {
  const { ORCHESTRATOR_STORE: _, ...env } = all;

  const odd = resolveStore(undefined, { ...env, ORCH_DB_PATH: '/what?/x.db' });

  expect(resolveStore(undefined, env)).toEqual({ url: 'sqlite:/path.db', from: 'ORCH_DB_PATH' });
  expect(parseStoreUrl(odd.url)).toMatchObject({ path: '/what?/x.db' });
});

test('OPENCLAW_STATE_DIR goes before HOME', () => {
  const { OPENCLAW_STATE_DIR, HOME } = all;

  expect(resolveStore(undefined, { OPENCLAW_STATE_DIR, HOME })).toEqual({
    url: 'sqlite:/state/data/orchestrator.db',
    from: 'OPENCLAW_STATE_DIR',
  });
});

test('HOME is the last resort', () => {
  expect(resolveStore(undefined, { HOME: '/home/me' })).toEqual({
    url: 'sqlite:/home/me/.openclaw/data/orchestrator.db',
    from: 'HOME',
  });
});

test('an empty variable counts as absent', () => {
  const env = { ORCHESTRATOR_STORE: '', ORCH_DB_PATH: '', OPENCLAW_STATE_DIR: '', HOME: '/home/me' };

  expect(resolveStore('', env).from).toBe('HOME');
});
