import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { leaveBodiesToRoutes } from '../../src/http/body.ts';
import { leaveUnheard } from '../../src/http/unheard.ts';
import { chunk, open } from './raw.ts';
import { useSmall } from './small.ts';

describe('the rest of a body that is left to the parser', () => {
  let heard = 0;
  let left = 0;
  const small = useSmall((app) => {
    leaveBodiesToRoutes(app);
    app.post('/left', async ({ raw }) => {
      raw.on('data', (piece) => {
        heard += piece.length;
      });
      leaveUnheard(raw);
      left++;
      await new Promise((resolve) => raw.once('end', resolve));
      return 'left';
    });
    app.post('/heard', async ({ raw }) => {
      let text = '';
      for await (const piece of raw) text += piece;
      return text;
    });
  });
  const head = (path: string, framing: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: a/b\r\n${framing}\r\n\r\n`;
  const sized = (path: string, length: number) => head(path, `content-length: ${length}`);

  /** A connection whose body is left once its head and these first bytes of it are here. */
  async function leaving(first: string) {
    heard = 0;
    left = 0;
    const connection = open(small.port, first);
    await expect.poll(() => left).toBe(1);
    return connection;
  }

  test.each([
    ['of a known length', `${sized('/left', 1_000_005)}01234`, 'x'.repeat(1_000_000), 5],
    ['in chunks', `${head('/left', 'transfer-encoding: chunked')}${chunk('01234')}`, `${chunk('x'.repeat(1_000_000))}0\r\n\r\n`, 5],
  ])('%s, is heard of by nobody, and the next request on the connection is heard', async (_what, first, rest, before) => {
    const connection = await leaving(first);
    // In one piece, for the parser goes from one request to the next on its own.
    connection.socket.write(`${rest}${sized('/heard', 11)}what is hea`);
    await connection.until('left');
    expect(heard).toBeLessThanOrEqual(before);
    connection.socket.write(`${sized('/heard', 5)}again`);
    expect(await connection.until('again')).toContain('what is hea');
    connection.socket.destroy();
  });

  test('is heard no more where its client goes, and whoever gets the parser next is heard', async () => {
    // Parsers are handed on, each to a connection that comes later.
    for (let i = 0; i < 3; i++) {
      const connection = await leaving(`${sized('/left', 10)}01234`);
      connection.socket.destroy();
      await connection.closed;
      const next = open(small.port, `${sized('/heard', 5)}whole`);
      expect(await next.until('\r\n\r\nwhole')).toContain(' 200 ');
      next.socket.destroy();
    }
  });
});

test('a message that is whole, or comes from no parser of Node’s, is left as it is', () => {
  const parser = { 3: function parserOnBody() {}, 4: function parserOnMessageComplete() {} };
  const before = { ...parser };
  const whole = Object.assign(new IncomingMessage(Object.assign(new Socket(), { parser })), { complete: true });
  leaveUnheard(whole);
  expect(parser).toEqual(before);
  for (const other of [undefined, null, {}, { 3: () => undefined }])
    expect(() => leaveUnheard(new IncomingMessage(Object.assign(new Socket(), { parser: other })))).not.toThrow();
});
