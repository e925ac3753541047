// SPDX-License-Identifier: Apache-2.0
// clients/js/dunlin.js in Node, over the package ws.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import WebSocket from 'ws';
import {Dunlin, DunlinError, backoff} from '../../../clients/js/dunlin.js';
import {DunlinServer, deadline} from './dunlin_server.js';

let server;
before(async () => { server = await DunlinServer.start(); });
after(() => server.end());

function client(t, options = {}) {
  const dunlin = new Dunlin(server.url, {WebSocket, reconnect: {min: 20, max: 200}, ...options});
  t.after(() => dunlin.close());
  return dunlin;
}

const next = (dunlin, event, fits = () => true) => deadline(new Promise((resolve) => {
  const end = dunlin.on(event, (detail) => {
    if (!fits(detail)) return;
    end();
    resolve(detail);
  });
}), event);

test('the delay doubles, is capped, and is spread over its upper half', () => {
  const reconnect = {min: 100, max: 1000};
  assert.deepEqual([0, 1, 2, 3, 4, 50].map((n) => backoff(n, reconnect, () => 1)), [100, 200, 400, 800, 1000, 1000]);
  assert.equal(backoff(1, reconnect, () => 0), 100);
});

test('a subscriber is called with what is published', async (t) => {
  const dunlin = client(t);
  await dunlin.login(await server.token(1001));
  const heard = new Promise((resolve) => dunlin.subscribe('room:js', (data, text) => resolve([data, text])));
  await next(dunlin, 'frame', ({direction, text}) => direction === 'in' && text.includes('result'));
  await dunlin.publish('room:js', {n: 1});
  const [data, text] = await deadline(heard, 'the message');
  assert.deepEqual(data, {n: 1});
  assert.match(text, /"room:js"/);
});

test('a refused log-in rejects with the code of the server', async (t) => {
  const dunlin = client(t);
  await assert.rejects(dunlin.login('no token'), (error) => error instanceof DunlinError && error.code > 0);
  assert.equal(dunlin.state, 'open');
});

test('calls without a connection reject', async (t) => {
  await assert.rejects(client(t).subscribe('@user'), DunlinError);
});

test('after a restart it is logged in and subscribed again', async (t) => {
  const dunlin = client(t);
  let asked = 0;
  await dunlin.login(async () => {
    asked += 1;
    return server.token(1001);
  });
  const pushes = [];
  await dunlin.subscribe('@user', (data) => pushes.push(data));

  const lost = next(dunlin, 'status', ({state}) => state === 'waiting');
  await server.stop();
  await lost;
  const ready = next(dunlin, 'status', ({state}) => state === 'ready');
  await server.start();
  await ready;

  const arrived = next(dunlin, 'push');
  assert.deepEqual(await server.publish('user:1001', '{"event":"@user","data":"back"}'), {E: null, r: {s: 1, f: 0}});
  await arrived;
  assert.deepEqual(pushes, ['back']);
  assert.ok(asked >= 2, 'a fresh token was asked for');
});
