import { DEFAULTS, LIMITS } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { holderOf } from '../factories.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';
import { MISTAKES, type Mistake } from './mistakes.ts';

/** Every limit, crossed by one; every alphabet, broken once. */
export const limits = chapter('limits and bad input', {
  'what enqueue cannot take is refused with a code that names the field, and changes nothing': refuses(
    MISTAKES.enqueue,
  ),
  'what claim cannot take is refused with a code that names the field, and changes nothing': refuses(MISTAKES.claim),
  'what heartbeat, checkpoint and release cannot take is refused likewise': refuses(MISTAKES.holder),
  'what recover, cancel, retry and close cannot take is refused likewise': refuses(MISTAKES.repair),
  'what lists and look-ups cannot take is refused likewise': refuses(MISTAKES.reads),
  'a task id that is taken is refused, with the rest of its batch': takenId,
  'what just fits is taken and comes back as it was': justFits,
  'any text that can be stored comes back as it was': anyText,
});

/** All mistakes are made before the test checks them, so that a failure names every one that was let through. */
function refuses(mistakes: Readonly<Record<string, Mistake>>) {
  return async (world: World): Promise<void> => {
    const lease = holderOf(await world.claimNew());
    await world.add();

    const made: Record<string, unknown> = {};
    await world.changesNothing(async () => {
      for (const [name, { send }] of Object.entries(mistakes)) {
        const { code, field } = await thrownBy(send(world, lease)).catch((error: Error) => ({
          code: error.message,
          field: '',
        }));
        made[name] = { code, field };
      }
    });

    const expected = Object.entries(mistakes).map(([name, { field, code = 'INVALID_INPUT' }]) => [
      name,
      { code, field },
    ]);
    expect(made).toEqual(Object.fromEntries(expected));
  };
}

async function takenId(world: World): Promise<void> {
  await world.add({ id: 'taken' });

  const error = await world.changesNothing(() =>
    thrownBy(world.rival.enqueueTasks([{}, { id: 'taken' }, { sessionId: 'new' }])),
  );

  expect(error).toMatchObject({ code: 'TASK_EXISTS', field: 'tasks[1].id', retryable: false });
}

async function justFits(world: World): Promise<void> {
  const id = 'i'.repeat(LIMITS.id_characters_max);
  const given = {
    id,
    sessionId: `s${':/#@+-._'.repeat(15)}`,
    title: 't'.repeat(LIMITS.title_characters_max),
    payload: 'p'.repeat(LIMITS.payload_bytes_max - 2),
    author: id,
    source: 'a'.repeat(LIMITS.text_characters_max),
    priority: LIMITS.priority_max,
    delayMs: LIMITS.delay_ms_max,
    attemptsMax: LIMITS.attempts_max,
    interruptionsMax: LIMITS.interruptions_max,
    backoffMs: LIMITS.backoff_ms_max,
    dedupeKey: id,
    role: id,
  };
  const { delayMs, ...kept } = given;

  await world.add(given);

  expect(await world.task(id)).toMatchObject({ ...kept, runAt: world.clock.now + delayMs, kind: DEFAULTS.kind });
}

async function anyText(world: World): Promise<void> {
  const texts = [
    "'; DROP TABLE sessions; --",
    '%_\\',
    '한국어 🦀',
    '\u2028\u0001\t\r\n"',
    '\ufeff\uffff',
    '$1 ? :a',
    '{NULL, "}',
    'NULL',
    '',
  ];
  const texted = { payload: texts, title: texts.join(' '), author: '회사재규', source: texts[2], reviewer: 'NULL' };
  const claim = await world.claimNew(texted);

  await world.release(claim, { outcome: 'failed', final: true, error: { message: texts[3] ?? '', data: texts } });

  const error = { message: texts[3], data: texts };
  expect(await world.task(claim.task.id)).toMatchObject({ ...texted, error });
  // A storage may write many rows in another way than one.
  const { tasks } = await world.orchestrator.enqueueTasks([texted, texted]);
  for (const { task } of tasks) expect(await world.task(task.id)).toMatchObject(texted);
}
