import { createMemoryData, openMemoryStorage, type MemoryData } from '@agent-orchestrator/storage-memory';
import { TestClock, type Opened, type Target } from '../src/index.ts';

export interface OpenedMemory extends Opened {
  readonly data: MemoryData;
}

/** The storage in memory as a target: the peer is a second handle on the same data, and so is what opens it again. */
export const memoryTarget: Target<OpenedMemory> = {
  name: 'storage-memory',

  async open() {
    const data = createMemoryData();
    const clock = new TestClock();
    const storage = openMemoryStorage({ clock, data });
    const peer = openMemoryStorage({ clock, data });
    await storage.migrate();
    return {
      data,
      storage,
      peer,
      clock,
      async close() {
        await Promise.all([storage.close(), peer.close()]);
      },
    };
  },

  reopen: async ({ clock, data }) => openMemoryStorage({ clock, data }),
};
