// SPDX-License-Identifier: Apache-2.0
// The page of examples/message-center in Chromium.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {chromium} from 'playwright-core';
import {DunlinServer} from './dunlin_server.js';

let server, browser;
before(async () => {
  server = await DunlinServer.start();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
           '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});
after(async () => {
  await browser?.close();
  await server?.end();
});

async function openPage(t, token) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(20_000);
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  // A lost connection is logged by the browser as an error; anything else is a fault of the page.
  page.on('console', (line) => {
    if (line.type() === 'error' && !line.text().includes('WebSocket connection')) faults.push(line.text());
  });
  t.after(async () => {
    await page.context().close();
    assert.deepEqual(faults, []);
  });
  await page.goto(`${server.page}#token=${token}`);
  return page;
}

const ready = (page) => page.waitForSelector('#status[data-state=ready]');
const subscribed = (page, channel) => page.waitForSelector(`#subscriptions li:has-text("${channel}")`);
const frame = (page, direction, text) =>
    page.locator(`#frames li[data-direction=${direction}]`, {hasText: text}).first().waitFor();

async function logIn(t, uid) {
  const page = await openPage(t, await server.token(uid));
  await page.getByRole('button', {name: 'Connect and log in'}).click();
  await ready(page);
  return page;
}

async function subscribeUser(page) {
  await page.getByRole('button', {name: '@user'}).click();
  await subscribed(page, '@user');
}

async function join(page, room) {
  await page.getByLabel('Room').first().fill(room);
  await page.getByRole('button', {name: 'Join'}).click();
  await subscribed(page, room);
}

test('a push by the API is shown, and so are the frames that carried it', async (t) => {
  const page = await logIn(t, 1001);
  await subscribeUser(page);
  const push = '{"event":"@user","data":{"uid":1001,"msg":"Hello,World!"}}';
  assert.deepEqual(await server.publish('user:1001', push), {E: null, r: {s: 1, f: 0}});
  await page.locator('#pushes .text', {hasText: 'Hello,World!'}).waitFor();
  assert.equal(await page.locator('#pushes .raw').first().textContent(), push);
  await frame(page, 'out', '{"op":"subscribe","channel":"@user"');
  await frame(page, 'in', '"result":true');
  await frame(page, 'in', push);
});

test('Chromium agrees on compression, and both ways it is used', async (t) => {
  const page = await openPage(t, 'none');
  const [compressed, inflated] = await Promise.all(['compressed', 'inflated'].map((kind) => server.metric(`dunlin_${kind}_messages_total`)));
  const long = 'Grüße, 世界 '.repeat(3000);
  const [extensions, answers] = await page.evaluate(async ([url, token, padding]) => {
    const socket = new WebSocket(url);
    const frames = [], waiting = [];
    socket.onmessage = ({data}) => (waiting.shift() ?? ((frame) => frames.push(frame)))(data);
    window.next = async () => frames.shift() ?? new Promise((resolve) => waiting.push(resolve));
    await new Promise((resolve) => { socket.onopen = resolve; });
    const answers = [];
    for (const request of [{op: 'auth', token}, {op: 'subscribe', channel: '@user'}, {op: 'ping', padding}]) {
      socket.send(JSON.stringify(request));
      answers.push(await window.next());
    }
    return [socket.extensions, answers];
  }, [server.url, await server.token(1004), long]);
  assert.match(extensions, /permessage-deflate/);
  assert.deepEqual(answers, Array(3).fill('{"result":true}'));
  assert.deepEqual(await server.publish('user:1004', long), {E: null, r: {s: 1, f: 0}});
  assert.equal(await page.evaluate(() => window.next()), long);
  assert.equal(await server.metric('dunlin_compressed_messages_total'), compressed + 1);
  assert.ok(await server.metric('dunlin_inflated_messages_total') > inflated);
});

test('the curl line names the user, with every digit', async (t) => {
  const page = await openPage(t, await server.token('1463786910324359168'));
  await page.locator('#curl', {hasText: '"c":"user:1463786910324359168"'}).waitFor();
  assert.equal(await page.locator('#uid').textContent(), '1463786910324359168');
});

test('what one page publishes to a room, the other one shows', async (t) => {
  const [one, two] = [await logIn(t, 1001), await logIn(t, 1002)];
  await join(one, 'room:lobby');
  await join(two, 'room:lobby');
  await one.getByLabel('Message', {exact: true}).fill('anybody here?');
  await one.getByRole('button', {name: 'Publish'}).click();
  for (const page of [one, two]) await page.locator('#pushes .text', {hasText: 'anybody here?'}).waitFor();
});

test('a left room is no longer heard', async (t) => {
  const page = await logIn(t, 1001);
  await join(page, 'room:left');
  await page.getByRole('button', {name: 'Leave room:left'}).click();
  await page.locator('#subscriptions li').waitFor({state: 'detached'});
  assert.deepEqual(await server.publish('room:left', 'x'), {E: null, r: {s: 0, f: 0}});
});

test('a wrong token is refused, and the code is shown', async (t) => {
  const page = await openPage(t, 'wrong');
  await page.getByRole('button', {name: 'Connect and log in'}).click();
  await page.locator('#problem', {hasText: /Refused: .* \(code \d+\)/}).waitFor();
  await page.getByLabel('Token').fill(await server.token(1001));
  await page.getByRole('button', {name: 'Connect and log in'}).click();
  await ready(page);
});

test('the page comes back after the server restarts, subscribed as before', async (t) => {
  const page = await logIn(t, 1003);
  await subscribeUser(page);
  await server.stop();
  await page.waitForSelector('#status[data-state=waiting]');
  await server.start();
  await ready(page);
  const answer = await server.publish('user:1003', '{"event":"@user","data":"after"}');
  assert.deepEqual(answer, {E: null, r: {s: 1, f: 0}});
  await page.locator('#pushes .text', {hasText: 'after'}).waitFor();
});
