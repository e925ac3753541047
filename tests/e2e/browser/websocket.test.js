// SPDX-License-Identifier: Apache-2.0
// The protocol as the npm package ws speaks it: exact answers, close codes, and digits.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {after, before, test} from 'node:test';
import WebSocket from 'ws';
import {DunlinServer, deadline} from './dunlin_server.js';

let server;
before(async () => { server = await DunlinServer.start(); });
after(() => server.end());

class Client {
  #frames = [];
  #waiting = [];

  static async open() {
    const client = new Client();
    client.socket = new WebSocket(server.url);
    client.closed = once(client.socket, 'close').then(([code]) => code);
    client.socket.on('message', (data) => {
      const waiting = client.#waiting.shift();
      if (waiting) waiting(String(data));
      else client.#frames.push(String(data));
    });
    await deadline(once(client.socket, 'open'), 'open');
    return client;
  }

  receive() {
    if (this.#frames.length > 0) return this.#frames.shift();
    return deadline(new Promise((resolve) => this.#waiting.push(resolve)), 'a frame');
  }

  async ask(request) {
    this.socket.send(JSON.stringify(request));
    return JSON.parse(await this.receive());
  }

  async logIn(uid) {
    assert.deepEqual(await this.ask({op: 'auth', token: await server.token(uid)}), {result: true});
    return this;
  }
}

async function open(t) {
  const client = await Client.open();
  t.after(() => client.socket.terminate());
  return client;
}

test('log in, subscribe, receive, unsubscribe', async (t) => {
  const client = await (await open(t)).logIn(1001);
  assert.deepEqual(await client.ask({op: 'subscribe', channel: '@user'}), {result: true});
  const push = '{"event":"@user","data":{"uid":1001,"msg":"Hello,World!"}}';
  assert.deepEqual(await server.publish('user:1001', push), {E: null, r: {s: 1, f: 0}});
  assert.equal(await client.receive(), push);
  assert.deepEqual(await client.ask({op: 'unsubscribe', channel: '@user'}), {result: true});
  assert.deepEqual(await server.publish('user:1001', push), {E: null, r: {s: 0, f: 0}});
});

test('before log-in nothing can be subscribed, and the connection stays', async (t) => {
  const client = await open(t);
  assert.deepEqual(await client.ask({op: 'subscribe', channel: '@user'}), {code: 1, msg: 'Not Auth'});
  assert.deepEqual(await client.ask({op: 'unsubscribe', channel: '@user'}), {code: 1, msg: 'Not Auth'});
  await client.logIn(1001);
});

test('an answer carries the id of its request', async (t) => {
  const client = await open(t);
  assert.equal((await client.ask({op: 'subscribe', channel: '@user', id: 'a-7'})).id, 'a-7');
  assert.deepEqual(await client.ask({op: 'auth', token: await server.token(1001), id: 8}), {result: true, id: 8});
});

test('a 64-bit uid keeps every digit', async (t) => {
  const uid = '1463786910324359168';
  const client = await (await open(t)).logIn(uid);
  await client.ask({op: 'subscribe', channel: '@user'});
  const push = `{"event":"@user","data":{"uid":${uid}}}`;
  assert.deepEqual(await server.publish(`user:${uid}`, push), {E: null, r: {s: 1, f: 0}});
  assert.equal(await client.receive(), push);
});

test('every device of a user receives each push', async (t) => {
  const devices = await Promise.all([0, 1, 2].map(async () => (await open(t)).logIn(1002)));
  for (const device of devices) await device.ask({op: 'subscribe', channel: '@user'});
  assert.deepEqual(await server.publish('user:1002', 'plain text'), {E: null, r: {s: 3, f: 0}});
  for (const device of devices) assert.equal(await device.receive(), 'plain text');
});

test('compression is agreed, and used both ways', async (t) => {
  const clients = await Promise.all([0, 1, 2].map(async () => (await open(t)).logIn(1003)));
  for (const client of clients) {
    assert.match(client.socket.extensions, /permessage-deflate/);
    await client.ask({op: 'subscribe', channel: '@user'});
  }
  const [compressed, inflated] = await Promise.all(['compressed', 'inflated'].map((kind) => server.metric(`dunlin_${kind}_messages_total`)));
  const long = 'Grüße, 世界 '.repeat(3000);
  assert.deepEqual(await server.publish('user:1003', long), {E: null, r: {s: 3, f: 0}});
  for (const client of clients) assert.equal(await client.receive(), long);
  assert.equal(await server.metric('dunlin_compressed_messages_total'), compressed + 1);
  assert.deepEqual(await clients[0].ask({op: 'ping', padding: long}), {result: true});
  assert.equal(await server.metric('dunlin_inflated_messages_total'), inflated + 1);
});

for (const [what, data, code] of [
  ['a binary frame', Buffer.from('{}'), 1003],
  ['what is not JSON', 'hello', 1007],
  ['a message over the limit', 'x'.repeat(65 * 1024), 1009],
]) {
  test(`${what} closes with ${code}`, async (t) => {
    const client = await open(t);
    client.socket.send(data);
    assert.equal(await deadline(client.closed, 'close'), code);
  });
}
