import type { TestServer } from './test-server.ts';

/** A registry that does not answer within this time is as good as none. */
const PULL_MS = 120_000;
/** Nothing of a test has to survive the machine, so the server need not wait for the disk. */
export const FAST = ['fsync=off', 'full_page_writes=off', 'max_connections=200', 'max_locks_per_transaction=128'];

/** @returns null if no Docker answers, or it cannot get the image; unless it is insisted on */
export async function startContainer(image: string, insisted: boolean): Promise<TestServer | null> {
  if (!(await isAvailable(image, insisted))) return null;
  // The container goes with the run; what would clean up after a run that was killed is one image more to be had.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await new PostgreSqlContainer(image)
    .withCommand(['postgres', ...FAST.flatMap((setting) => ['-c', setting])])
    .start();
  return {
    url: container.getConnectionUri(),
    from: `a container of ${image}`,
    stop: async () => {
      // Nothing in it is to be kept, so there is no need to wait for it to end in order.
      await container.stop({ timeout: 0 });
    },
  };
}

async function isAvailable(image: string, insisted: boolean): Promise<boolean> {
  try {
    const { getContainerRuntimeClient, ImageName } = await import('testcontainers');
    const client = await getContainerRuntimeClient();
    const name = ImageName.fromString(image);
    if (await client.image.exists(name)) return true;
    await within(PULL_MS, client.image.pull(name));
    return true;
  } catch (error) {
    if (insisted)
      throw new Error(`No Docker that could run ${image} was found, and one was insisted on.`, { cause: error });
    return false;
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
