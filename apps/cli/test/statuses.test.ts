/*
 * The statuses of core's table, wherever the command line lists or shows them:
 *  - help of a filter names each
 *  - counts have each
 *  - a status is shown by glyph and colour of the table, never by those of an unknown word
 */
import { SESSION_STATUS_NAMES, SESSION_STATUSES, TASK_STATUS_NAMES, TASK_STATUSES } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { state } from '../src/output/style.ts';
import { Cli } from './support/cli.ts';

test.concurrent.for([
  ['task', TASK_STATUS_NAMES],
  ['session', SESSION_STATUS_NAMES],
] as const)('the help of %s list names every status', async ([noun, names]) => {
  using cli = new Cli();

  const { stdout } = await cli.run([noun, 'list', '--help']);

  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`only these: ${names.join(', ')} `);
});

test.concurrent('the counts of status have every status', async () => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x']);

  const { data } = await cli.json(['status']);

  expect(data['counts']).toMatchObject({
    tasks: Object.fromEntries(TASK_STATUS_NAMES.map((name) => [name, name === 'queued' ? 1 : 0])),
    sessions: Object.fromEntries(SESSION_STATUS_NAMES.map((name) => [name, name === 'idle' ? 1 : 0])),
  });
});

test.for(Object.entries({ ...TASK_STATUSES, ...SESSION_STATUSES }))(
  '%s is shown by glyph and colour of the table',
  ([status, { colour, glyph }]) => {
    expect(state(status, (format, text) => `${String(format)}: ${text}`)).toBe(`${colour}: ${glyph} ${status}`);
  },
);

test('a status that tasks and sessions both have has one glyph and colour', () => {
  const { glyph, colour } = SESSION_STATUSES.running;

  expect(TASK_STATUSES.running).toMatchObject({ glyph, colour });
});
