import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { expect, it } from '@jest/globals';
import { describeDesktop } from './testing/desktop.js';

const SHARED = 1;
const POINTER_EVENT = 5;

/** Reads exactly so many bytes. */
async function take(stream: Duplex, bytes: number): Promise<Buffer> {
  for (;;) {
    const chunk = stream.read(bytes) as Buffer | null;
    if (chunk) return chunk;
    await once(stream, 'readable');
  }
}

/** Speaks RFB 3.8 without a password until the server tells about the screen. */
async function handshake(stream: Duplex): Promise<{ width: number; height: number }> {
  expect((await take(stream, 12)).toString()).toMatch(/^RFB 003\.\d{3}\n$/);
  stream.write('RFB 003.008\n');
  const [kinds = 0] = await take(stream, 1);
  expect([...(await take(stream, kinds))]).toContain(1);
  stream.write(Buffer.from([1]));
  expect((await take(stream, 4)).readUInt32BE()).toBe(0);
  stream.write(Buffer.from([SHARED]));
  const server = await take(stream, 24);
  await take(stream, server.readUInt32BE(20));
  return { width: server.readUInt16BE(0), height: server.readUInt16BE(2) };
}

function moveTo(stream: Duplex, x: number, y: number): void {
  const message = Buffer.alloc(6);
  message.writeUInt8(POINTER_EVENT, 0);
  message.writeUInt16BE(x, 2);
  message.writeUInt16BE(y, 4);
  stream.write(message);
}

/** Asks for the whole screen, and waits until a picture begins. */
async function seePicture(stream: Duplex): Promise<number> {
  stream.write(Buffer.from([3, 0, 0, 0, 0, 0, 0x05, 0x00, 0x02, 0xd0]));
  return (await take(stream, 4)).readUInt16BE(2);
}

await describeDesktop('viewers of a desktop', (fixture) => {
  it('shows the screen; with control it takes input, without it does not', async () => {
    const id = await fixture.running();
    await fixture.computers.input(id, { do: 'move', to: [50, 60] });
    const watching = await fixture.computers.connectDesktop(id, { control: false });
    const acting = await fixture.computers.connectDesktop(id, { control: true });
    expect(await handshake(watching)).toEqual({ width: 1280, height: 720 });
    expect(await handshake(acting)).toEqual({ width: 1280, height: 720 });

    moveTo(watching, 700, 500);
    // The answer comes after the movement was read.
    expect(await seePicture(watching)).toBeGreaterThan(0);
    expect(await fixture.computers.pointer(id)).toEqual([50, 60]);
    moveTo(acting, 400, 300);
    await fixture.until(id, 'xdotool getmouselocation | grep -q "^x:400 y:300"');
    expect(await seePicture(acting)).toBeGreaterThan(0);
    expect(
      await fixture.output(
        id,
        'ss -tln 2>/dev/null | tail -n +2; cat /proc/net/tcp | tail -n +2 | grep " 0A " || :',
      ),
    ).not.toMatch(/:17(0C|0D|70|71)/);
  });

  it('ends the server with the connection, and the connection with the server', async () => {
    const id = await fixture.running();
    const left = await fixture.computers.connectDesktop(id, { control: false });
    await handshake(left);
    left.destroy();
    await fixture.until(id, '! pgrep -x x11vnc && ! pgrep -f inetd');
    const lost = await fixture.computers.connectDesktop(id, { control: true });
    await handshake(lost);
    const closed = once(lost, 'close');
    lost.resume();
    await fixture.output(id, 'pkill -KILL -x Xvfb');
    await closed;
    expect(lost.destroyed).toBe(true);
    await handshake(await fixture.computers.connectDesktop(id, { control: true }));
  });

  it('ends all of them with the service', async () => {
    const id = await fixture.running();
    const service = fixture.others({});
    const viewer = await service.connectDesktop(id, { control: true });
    await service.dispose();
    expect(viewer.destroyed).toBe(true);
    await fixture.until(id, '! pgrep -x x11vnc');
  });
});
