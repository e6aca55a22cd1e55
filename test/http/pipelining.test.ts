import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { oneAtATime } from '../../src/http/pipelining.ts';
import { useBare } from './bare.ts';
import { open, statuses } from './raw.ts';

/** What has been begun, in order; `answer` answers one of them. */
const begun: { readonly url: string; readonly response: ServerResponse; readonly request: IncomingMessage }[] = [];
const bare = useBare(createServer(oneAtATime((request, response) => begun.push({ url: `${request.url}`, response, request }))));
const urls = () => begun.map(({ url }) => url);
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
const turns = () => new Promise((resolve) => setTimeout(resolve, 30));

test('a request is begun once the replies to those before it on the connection are sent', async () => {
  begun.length = 0;
  const connection = open(bare.port, `${get('/1')}${get('/2')}${get('/3')}`);
  await expect.poll(urls).toEqual(['/1']);
  await turns();
  expect(urls()).toEqual(['/1']);
  begun[0]?.response.end('one');
  await expect.poll(urls).toEqual(['/1', '/2']);
  await turns();
  expect(urls()).toEqual(['/1', '/2']);
  begun[1]?.response.end('two');
  await expect.poll(urls).toEqual(['/1', '/2', '/3']);
  begun[2]?.response.end('three');
  await connection.until(/one[\s\S]*two[\s\S]*three/);
  connection.socket.write(get('/4'));
  await expect.poll(urls).toContain('/4');
  begun[3]?.response.end('four');
  await connection.until('four');
  expect(statuses(connection.received)).toEqual([200, 200, 200, 200]);
  connection.socket.destroy();
});

test('what follows is not read while requests wait, and is once the last of them is begun', async () => {
  begun.length = 0;
  const connection = open(bare.port, `${get('/1')}${get('/2')}${get('/3')}`);
  await expect.poll(urls).toEqual(['/1']);
  const socket = begun[0]?.request.socket;
  expect(socket?.isPaused()).toBe(true);
  begun[0]?.response.end();
  await expect.poll(urls).toEqual(['/1', '/2']);
  expect(socket?.isPaused()).toBe(true);
  begun[1]?.response.end();
  await expect.poll(urls).toEqual(['/1', '/2', '/3']);
  expect(socket?.isPaused()).toBe(false);
  begun[2]?.response.end();
  await expect.poll(() => statuses(connection.received)).toEqual([200, 200, 200]);
  connection.socket.destroy();
});

test('nothing is read while one request waits, as while many do', async () => {
  begun.length = 0;
  const connection = open(bare.port, `${get('/1')}${get('/2')}`);
  await expect.poll(urls).toEqual(['/1']);
  await turns();
  expect(begun[0]?.request.socket.isPaused()).toBe(true);
  begun[0]?.response.end();
  await expect.poll(urls).toEqual(['/1', '/2']);
  expect(begun[1]?.request.socket.isPaused()).toBe(false);
  connection.socket.destroy();
});

test('a client that goes on sending fills no memory', async () => {
  begun.length = 0;
  const connection = open(bare.port, get('/'));
  await expect.poll(urls).toEqual(['/']);
  const socket = begun[0]?.request.socket;
  connection.socket.write(get('/more').repeat(300_000));
  await expect.poll(() => socket?.isPaused()).toBe(true);
  await turns();
  expect(socket?.bytesRead).toBeLessThan(1_000_000);
  connection.socket.destroy();
});

test('other connections do not wait', async () => {
  begun.length = 0;
  const first = open(bare.port, `${get('/a')}${get('/b')}`);
  await expect.poll(urls).toEqual(['/a']);
  const second = open(bare.port, get('/c'));
  await expect.poll(urls).toEqual(['/a', '/c']);
  expect(begun[1]?.request.socket.isPaused()).toBe(false);
  for (const { socket } of [first, second]) socket.destroy();
});
