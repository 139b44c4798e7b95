/*
 * A move that is cut off, given up, or made twice, from either kind of store to either:
 *  - cut off after any step, the same call continues; at no time are both stores open
 *  - what is not all there yet can be neither used nor read
 *  - a store that is on its way somewhere, or gone, does not go anywhere else
 *  - given up at any step, the old store is open again and the new one never will be; once it was opened it is too late
 *  - the old store itself, by whatever name, is not given up for the new one
 *  - two movers at once do no harm
 */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { abandonMove, moveStore, newCommandId, openOrchestrator, type CopyProgress } from '@agent-orchestrator/runtime';
import { describe, expect, test } from 'vitest';
import {
  addressOf,
  changeStoreState,
  Cut,
  cutAt,
  everythingIn,
  fill,
  newFolder,
  newPlace,
  opened,
  TELLING_PAIRS,
} from './support/stores.ts';

describe.for(TELLING_PAIRS)('from %s to %s', ([kind, otherKind]) => {
  test('cut off after any step, the same call continues, and never are both open', async () => {
    const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
    const before = await opened(from);
    await fill(before);
    const was = await everythingIn(from);

    let steps = 0;
    for (let done = false; !done;) {
      steps += 1;
      done = await moveStore({ from, to, onProgress: cutAt(steps) }).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Cut) return false;
          throw error;
        },
      );
      if (done) break;
      await expect(before.enqueueTask({})).rejects.toMatchObject({ code: 'STORE_MOVED' });
      for (const mode of ['create', 'existing', 'read-only'] as const)
        await expect(openOrchestrator(to, { mode })).rejects.toMatchObject({
          code: 'STORE_INCOMPLETE',
          retryable: true,
        });
    }

    expect(steps).toBe(7);
    expect(await everythingIn(to)).toEqual(was);
    expect(await moveStore({ from, to })).toMatchObject({ outcome: 'moved_before' });
    await (await opened(to)).enqueueTask({});
    expect(await moveStore({ from, to })).toMatchObject({ outcome: 'moved_before' });
  });

  test('cut off between two changes of state, too; it is too late to give up once the new store is open', async () => {
    const [from, to, next] = (await Promise.all([kind, otherKind, otherKind].map(newPlace))) as [
      string,
      string,
      string,
    ];
    const before = await opened(from);
    await fill(before);
    const was = await everythingIn(from);
    const address = await addressOf(to);
    await changeStoreState(from, () => ({ status: 'moving', id: newCommandId(), address, at: Date.now() }));
    await expect(before.enqueueTask({})).rejects.toMatchObject({ code: 'STORE_MOVED' });
    await expect(moveStore({ from, to, onProgress: cutAt(10) })).rejects.toThrow(Cut);
    await changeStoreState(from, (state) => state && { ...state, status: 'moved' });

    await expect(abandonMove({ from })).rejects.toMatchObject({ code: 'STORE_MOVED' });
    await expect(opened(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await abandonMove({ from, to });
    expect(await everythingIn(from)).toEqual(was);
    await expect(moveStore({ from, to: next, onProgress: cutAt(10) })).rejects.toThrow(Cut);
    await changeStoreState(from, (state) => state && { ...state, status: 'moved' });
    expect(await moveStore({ from, to: next })).toMatchObject({ outcome: 'moved' });

    expect(await everythingIn(next)).toEqual(was);
    await expect(opened(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await expect(abandonMove({ from, to: next })).rejects.toMatchObject({ code: 'STORE_MOVED' });
    expect(await (await opened(next)).enqueueTask({})).toMatchObject({ ok: true });
  });

  test('a store that moves does not go anywhere else, nor does anything else come where it goes', async () => {
    const [from, to, elsewhere, another] = (await Promise.all([kind, otherKind, otherKind, kind].map(newPlace))) as [
      string,
      string,
      string,
      string,
    ];
    await fill(await opened(from));
    await fill(await opened(another));
    await expect(moveStore({ from, to, onProgress: cutAt(2) })).rejects.toThrow(Cut);

    await expect(moveStore({ from, to: elsewhere })).rejects.toMatchObject({ code: 'STORE_MOVED' });
    await expect(moveStore({ from: another, to })).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await expect(moveStore({ from: to, to: elsewhere })).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await moveStore({ from, to });
    await expect(moveStore({ from, to: elsewhere })).rejects.toMatchObject({ code: 'STORE_MOVED' });

    expect(await (await opened(another)).enqueueTask({})).toMatchObject({ ok: true });
  });

  test('given up, the old store is open again, and the new one never will be', async () => {
    const [from, to, elsewhere] = (await Promise.all([kind, otherKind, otherKind].map(newPlace))) as [
      string,
      string,
      string,
    ];
    const before = await opened(from);
    const held = await fill(before);
    await expect(moveStore({ from, to, onProgress: cutAt(3) })).rejects.toThrow(Cut);

    const report = await abandonMove({ from, to });

    expect(report.to).not.toBeNull();
    expect(await before.heartbeat({ token: held.token })).toMatchObject({ ok: true });
    expect(await before.enqueueTask({})).toMatchObject({ ok: true });
    await expect(opened(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await expect(moveStore({ from, to })).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    expect(await abandonMove({ from })).toMatchObject({ to: null });
    expect(await moveStore({ from, to: elsewhere })).toMatchObject({ outcome: 'moved' });
    await expect(abandonMove({ from, to: elsewhere })).rejects.toMatchObject({ code: 'STORE_MOVED' });
    await expect(abandonMove({ from })).rejects.toMatchObject({ code: 'STORE_MOVED' });
    expect(await (await opened(elsewhere)).verify()).toMatchObject({ ok: true });
  });

  test.for(['moving', 'moved'] as const)(
    '%s: the old store itself is not given up, by whatever name',
    async (status) => {
      const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
      const before = await opened(from);
      await fill(before);
      const was = await everythingIn(from);
      await expect(moveStore({ from, to, onProgress: cutAt(10) })).rejects.toThrow(Cut);
      if (status === 'moved') await changeStoreState(from, (state) => state && { ...state, status });

      for (const name of [from, otherNameOf(from)])
        await expect(abandonMove({ from, to: name })).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'to' });
      await expect(changeStoreState(from, (state) => state && { ...state, status: 'abandoned' })).rejects.toMatchObject(
        {
          code: 'INTERNAL',
        },
      );

      expect(await everythingIn(from)).toEqual(was);
      await abandonMove({ from, to });
      expect(await before.enqueueTask({})).toMatchObject({ ok: true });
    },
  );

  test('who continues with a move that was given up meanwhile does no harm', async () => {
    const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
    const before = await opened(from);
    await fill(before);
    const paused = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const onProgress = async ({ step }: CopyProgress) => {
      if (step !== 'verifying') return;
      reached.resolve();
      await paused.promise;
    };
    const moving = moveStore({ from, to, onProgress });
    await reached.promise;
    await abandonMove({ from });
    await before.enqueueTask({ id: 'after' });

    paused.resolve();

    await expect(moving).rejects.toMatchObject({ code: 'STORE_BUSY' });
    expect(await before.getTask('after')).not.toBeNull();
    expect(await before.enqueueTask({})).toMatchObject({ ok: true });
    await expect(opened(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
  });

  test('two movers at once do no harm', async () => {
    const [from, to] = [await newPlace(kind), await newPlace(otherKind)];
    await fill(await opened(from));
    const was = await everythingIn(from);

    const ended = await Promise.allSettled([1, 2, 3].map(() => moveStore({ from, to })));
    await moveStore({ from, to });

    const codes = ended.flatMap((end) => (end.status === 'rejected' ? [(end.reason as { code: string }).code] : []));
    for (const code of codes)
      expect(['STORE_BUSY', 'STORE_INCOMPLETE', 'STORE_NOT_EMPTY', 'STORE_MOVED']).toContain(code);
    expect(await everythingIn(to)).toEqual(was);
  });
});

/** A link to the file, or another name of the host. */
function otherNameOf(url: string): string {
  if (!url.startsWith('sqlite:')) return url.replace('@127.0.0.1:', '@localhost:');
  const link = join(newFolder(), 'link.db');
  symlinkSync(url.slice('sqlite:'.length), link);
  return `sqlite:${link}`;
}
