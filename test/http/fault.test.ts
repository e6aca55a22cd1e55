import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { httpFault } from '../../src/http/server.ts';

/** A request as Node's parser hands it over, its headers by pairs. */
function message(pairs: readonly [string, string][], httpVersion = '1.1'): IncomingMessage {
  const headers = Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value]));
  return Object.assign(new IncomingMessage(new Socket()), { headers, rawHeaders: pairs.flat(), httpVersion });
}
const HOST: [string, string] = ['Host', 'x'];
const malformed = (words: string) => expect.objectContaining({ code: 'malformed-http', message: words });

describe('good HTTP', () => {
  test.each<[string, [string, string][], string?]>([
    ['one Host', [HOST]],
    ['a chunked body', [HOST, ['Transfer-Encoding', ' Chunked ']]],
    ['the one expectation', [HOST, ['Expect', ' 100-Continue ']]],
    ['HTTP/1.0 without a Host', [], '1.0'],
    ['HTTP/1.0 with any expectation', [['Expect', 'much']], '1.0'],
    ['a header whose value is host', [HOST, ['x', 'host']]],
    ['a header of four letters', [HOST, ['Date', 'host']]],
  ])('%s', (_what, pairs, version) => {
    expect(httpFault(message(pairs, version))).toBeUndefined();
  });
});

describe('what the parser lets pass, and HTTP does not', () => {
  test('another coding than chunked', () => {
    expect(httpFault(message([HOST, ['Transfer-Encoding', 'gzip, chunked']]))).toEqual(
      malformed('the one Transfer-Encoding that is read here is chunked, got "gzip, chunked"'),
    );
  });

  test('two hosts, in HTTP/1.0 too', () => {
    expect(httpFault(message([HOST, ['a', 'b'], ['hOsT', 'y']]))).toEqual(malformed('a request has one Host header, got 2'));
    expect(httpFault(message([HOST, HOST], '1.0'))).toEqual(malformed('a request has one Host header, got 2'));
  });

  test('no host', () => {
    expect(httpFault(message([['x', 'host']]))).toEqual(malformed('a request in HTTP/1.1 has a Host header, got none'));
    expect(httpFault(message([['hosts', 'x']]))).toEqual(malformed('a request in HTTP/1.1 has a Host header, got none'));
  });

  test('another expectation', () => {
    expect(httpFault(message([HOST, ['Expect', '200-maybe']]))).toMatchObject({
      code: 'expectation-failed',
      message: 'the one expectation that is met here is 100-continue, got "200-maybe"',
    });
  });
});
