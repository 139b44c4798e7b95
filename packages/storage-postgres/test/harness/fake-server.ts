import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server that lets everybody in and says what it is, whatever it is asked. It goes with the test. */
export class FakeServer {
  /** How often it was asked. */
  asked = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#accept(socket));
  readonly #answer: Buffer;

  private constructor(row: readonly [number, string, string]) {
    this.#answer = answer(row);
  }

  static async start({ version: [major, minor], isStandby }: Says): Promise<FakeServer> {
    const fake = new FakeServer([major * 10_000 + minor, `${major}.${minor}`, isStandby ? 't' : 'f']);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => fake.#close());
    return fake;
  }

  get url(): string {
    return `postgres://u:hunter2-and-more@127.0.0.1:${(this.#server.address() as AddressInfo).port}/d`;
  }

  #accept(socket: Socket): void {
    let begun = false;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', () => {
      socket.write(begun ? this.#answer : Buffer.concat([message('R', int32(0)), message('Z', Buffer.from('I'))]));
      if (begun) this.asked += 1;
      begun = true;
    });
  }

  #close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

interface Says {
  readonly version: readonly [major: number, minor: number];
  readonly isStandby: boolean;
}

function answer(row: readonly [number, string, string]): Buffer {
  const types = [23, 25, 16];
  const columns = types.map((type) =>
    Buffer.concat([Buffer.from('x\0'), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)]),
  );
  const values = row.map((value) => Buffer.concat([int32(String(value).length), Buffer.from(String(value))]));
  return Buffer.concat([
    message('T', Buffer.concat([int16(3), ...columns])),
    message('D', Buffer.concat([int16(3), ...values])),
    message('C', Buffer.from('SELECT 1\0')),
    message('Z', Buffer.from('I')),
  ]);
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}
