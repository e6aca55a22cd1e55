import type { FastifyRequest } from 'fastify';
import { describe, expect, test } from 'vitest';
import { encodingOf, requireMediaType } from '../../src/http/media.ts';

const typed = (headers: FastifyRequest['headers'], accepted = ['application/json', 'application/x-ndjson']) =>
  requireMediaType({ headers } as FastifyRequest, accepted);
const refusal = (message: string) => expect.objectContaining({ code: 'unsupported-media-type', message });

describe('the type of a body', () => {
  test.each([
    ['application/json', 'application/json'],
    ['Application/JSON', 'application/json'],
    [' application/x-ndjson ; charset=utf-8', 'application/x-ndjson'],
    ['application/json;charset="UTF-8"', 'application/json'],
    ['application/json; charset=utf8', 'application/json'],
    ['application/json; profile=x; Charset=UTF-8', 'application/json'],
    ['application/json;', 'application/json'],
  ])('%j is %s', (header, type) => {
    expect(typed({ 'content-type': header })).toBe(type);
  });

  test.each([
    ['text/plain', 'the body must be application/json or application/x-ndjson, got "text/plain"'],
    ['', 'the body must be application/json or application/x-ndjson, got ""'],
    ['application/json, text/plain', 'the body must be application/json or application/x-ndjson, got "application/json, text/plain"'],
    ['application/json; charset=latin1', 'JSON is read as UTF-8, got the charset "latin1"'],
    ['application/json; a=b; charset="UTF-16"', 'JSON is read as UTF-8, got the charset "utf-16"'],
    ['application/json; charset=', 'JSON is read as UTF-8, got the charset ""'],
  ])('%j is refused', (header, message) => {
    expect(() => typed({ 'content-type': header })).toThrow(refusal(message));
  });

  test('that is not said is refused', () => {
    expect(() => typed({})).toThrow(refusal('the body must be application/json or application/x-ndjson, got no Content-Type'));
    expect(() => typed({}, ['application/json'])).toThrow(refusal('the body must be application/json, got no Content-Type'));
  });

  test('is good only where the body is packed in a way that is read here', () => {
    expect(typed({ 'content-type': 'application/json', 'content-encoding': 'gzip' })).toBe('application/json');
    expect(() => typed({ 'content-type': 'application/json', 'content-encoding': 'compress' })).toThrow(
      refusal(expect.stringMatching(/^the Content-Encoding/)),
    );
  });
});

describe('how a body is packed', () => {
  test.each([
    [undefined, 'identity'],
    ['', 'identity'],
    [' ', 'identity'],
    ['identity', 'identity'],
    [' Identity ', 'identity'],
    ['gzip', 'gzip'],
    ['X-GZIP', 'gzip'],
    ['deflate', 'deflate'],
    ['br', 'br'],
    ['zstd ', 'zstd'],
  ])('%j is %s', (header, encoding) => {
    expect(encodingOf(header === undefined ? {} : { 'content-encoding': header })).toBe(encoding);
  });

  test.each(['compress', 'gzip, br', 'x-deflate'])('%j is refused', (header) => {
    expect(() => encodingOf({ 'content-encoding': header })).toThrow(
      refusal(`the Content-Encoding must be one of gzip, deflate, br, zstd, or identity, got ${JSON.stringify(header)}`),
    );
  });
});
