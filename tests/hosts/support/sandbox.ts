/*
 * What works in the sandbox that a host has for its shell. The tools do: the host starts their server outside of it. A
 * command in it does not see the host above it, and writes only what it may.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SandboxingHost } from './agent-host.ts';
import { ScriptedModel } from './scripted-model.ts';
import { ORCHESTRATOR, Workplace } from './workplace.ts';

/** @param way how a person lets the shell write the store: a setting of the host, or where the store is */
export function worksInSandbox(host: SandboxingHost, way: Way): void {
  const read = { isKnown: true, hasCard: true };
  test('in its sandbox the tools work, and the shell reads', async () => {
    const refused = { isRefused: true, isToldWhatToDo: true, tasks: [['Write the parser', 'succeeded']] };
    expect(await work(host, null)).toEqual({ ...read, ...refused });
  });

  test(`in its sandbox the shell writes, too, by the ${way}`, async () => {
    const tasks = [
      ['Write the parser', 'succeeded'],
      ['Review the parser', 'queued'],
    ];
    expect(await work(host, way)).toEqual({ ...read, isRefused: false, isToldWhatToDo: false, tasks });
  });
}

type Way = 'setting' | 'workspace';

async function work(host: SandboxingHost, way: Way | null) {
  const data = way === 'workspace' ? 'project' : 'data';
  // Sandboxes hide the folder of temporary files, or let everything write it.
  await using place = await Workplace.create({ root: '/var/tmp', data });
  await using model = await ScriptedModel.start();
  await host.prepare(place, model);
  await host.sandbox(place, ...(way === 'setting' ? [join(place.folder, data)] : []));
  await place.orchestrator.enqueueTask({ title: 'Write the parser' });
  const shell = (words: string) => host.shell(`${ORCHESTRATOR} ${words}`);
  model.play({ call: 'claim_task' }, shell('resume'), shell("task create 'Review the parser'"), {
    call: 'release_task',
    input: { outcome: 'succeeded' },
  });

  await host.start(place, model, 'Work on the next task.').end();

  const { items } = await place.orchestrator.listTasks({});
  const [, , resumed = '', written = ''] = model.requests.map(({ text }) => text);
  return {
    isKnown: resumed.includes(`you work as agent ${host.name}@`),
    hasCard: resumed.includes('task t1 "Write the parser"'),
    isRefused: written.includes('STORE_READ_ONLY'),
    isToldWhatToDo: written.includes('In the sandbox of an agent host, use its tools of the orchestrator'),
    tasks: items.map(({ title, status }) => [title, status]),
  };
}
