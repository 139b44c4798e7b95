// The inspector of the protocol lists and calls every tool, in both eras. Each of its calls is a host of its own, which
// ends with the call: the next one takes up what it held.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { installed } from './support/installed.ts';
import { ORCHESTRATOR, Workplace } from './support/workplace.ts';

const CALLS: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['enqueue_task', ['title=Write the parser'], /^Added t1, queued\./u],
  ['claim_task', [], /^You hold t1 until /u],
  ['resume', [], /^You hold t1 until /u],
  ['task_status', ['task=t1'], /^t1 is queued\./u],
  ['checkpoint', ['next_action=write the lexer'], /^You hold no task\./u],
  ['release_task', ['outcome=succeeded'], /^You hold no task\./u],
];

test.each([['legacy'], ['modern']])('in the %s era', async (era) => {
  const program = await installed('inspector');
  await using place = await Workplace.create();
  const ask = async (...words: string[]): Promise<unknown> => {
    const server = [...ORCHESTRATOR.split(' '), 'mcp', 'serve'];
    const options = { env: place.env, cwd: place.project };
    const call = promisify(execFile)(program, ['--cli', ...server, '--protocol-era', era, ...words], options);
    // It fails where a tool refuses, and prints the answer all the same.
    const { stdout } = await call.catch((error: unknown) => error as { readonly stdout: string });
    return JSON.parse(stdout);
  };

  const { tools } = (await ask('--method', 'tools/list')) as { tools: readonly { name: string }[] };
  const said: string[] = [];
  for (const [name, given] of CALLS) {
    const words = given.flatMap((one) => ['--tool-arg', one]);
    const answer = await ask('--method', 'tools/call', '--tool-name', name, ...words);
    said.push((answer as { content: [{ text: string }] }).content[0].text);
  }

  expect(tools.map(({ name }) => name).toSorted()).toEqual(CALLS.map(([name]) => name).toSorted());
  for (const [index, [, , text]] of CALLS.entries()) expect(said[index]).toMatch(text);
});
