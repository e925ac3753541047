// SPDX-License-Identifier: Apache-2.0
// The page: the client at work, and everything that goes over its wire.
import {Dunlin} from './client/dunlin.js';

const KEPT = 500;  // lines of each list
const $ = (id) => document.getElementById(id);
let dunlin = null;

// What each close code means to the person at the page; docs/protocol.md has the whole table.
const CLOSES = {
  1001: 'the server is stopping',
  1002: 'the server saw a protocol error',
  1003: 'the server takes text frames only',
  1006: 'the connection was lost, or never came up',
  1007: 'the server got what is not UTF-8 or not JSON',
  1008: 'refused by policy',
  1009: 'the message was too big',
  1011: 'the server’s script failed',
  1013: 'the server asks to try again later',
  4001: 'this page read too slowly',
  4002: 'this page did not answer the server’s ping',
  4003: 'the session has expired: get a new token',
  4004: 'the log-in was refused at the handshake',
};

// The uid inside a development token, for the curl line only: the server decides who somebody is. Read with a pattern
// and not by JSON.parse, which would round 64-bit numbers.
function uidOf(token) {
  const plain = /^user-(\d+)$/.exec(token);
  if (plain) return plain[1];
  try {
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const json = new TextDecoder().decode(Uint8Array.from(atob(payload), (c) => c.charCodeAt(0)));
    const found = /"uid"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(\d+))/.exec(json) ?? /"sub"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(\d+))/.exec(json);
    return found?.[1] ?? found?.[2] ?? null;
  } catch {
    return null;
  }
}

function showCurl() {
  const uid = uidOf($('token').value.trim());
  $('uid').textContent = uid ?? 'unknown';
  const number = /^\d+$/.test(uid ?? '');
  const push = `{"event":"@user","data":{"uid":${number ? uid : JSON.stringify(uid ?? '…')},"msg":"Hello,World!"}}`;
  const body = `{"c":${JSON.stringify(`user:${uid ?? '…'}`)},"d":${JSON.stringify(push)}}`;
  $('curl').textContent =
      `curl -s http://${location.hostname || '127.0.0.1'}:6789/v1/mesh/publish -d '${body.replaceAll("'", "'\\''")}'`;
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function clock(at) {
  const time = new Date(at);
  return `${time.toTimeString().slice(0, 8)}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

function addFrame({direction, text, time = Date.now()}) {
  const arrow = {in: '↓', out: '↑', note: '·'}[direction];
  const says = {in: 'received', out: 'sent', note: 'note'}[direction];
  const line = element('li', {}, element('time', {textContent: clock(time)}),
                       element('span', {className: 'arrow', textContent: arrow, ariaLabel: says, role: 'img'}),
                       element('span', {className: 'text', textContent: text}));
  line.dataset.direction = direction;
  const list = $('frames');
  const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
  list.append(line);
  if (list.children.length > KEPT) list.firstChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
  if (direction !== 'note') $('frame-count').textContent = Number($('frame-count').textContent) + 1;
}

function addPush({channel, data, text}) {
  const said = typeof data === 'string' ? data : data?.msg;
  const line = element('li', {},
                       element('div', {className: 'from'}, element('span', {textContent: channel ?? 'push'}),
                               element('time', {textContent: clock(Date.now())})));
  if (said !== undefined) line.append(element('div', {className: 'text', textContent: String(said)}));
  line.append(element('div', {className: 'raw', textContent: text}));
  $('pushes').prepend(line);
  if ($('pushes').children.length > KEPT) $('pushes').lastChild.remove();
  $('push-count').textContent = Number($('push-count').textContent) + 1;
  $('no-pushes').hidden = true;
}

function showProblem(text) {
  $('problem').textContent = text ?? '';
  $('problem').hidden = !text;
}

function showSubscriptions() {
  $('subscriptions').replaceChildren(...(dunlin?.subscriptions ?? []).map((channel) => {
    const leave = element('button', {type: 'button', textContent: '×', ariaLabel: `Leave ${channel}`});
    leave.onclick = () => attempt(async () => {
      await dunlin.unsubscribe(channel);
      showSubscriptions();
    });
    return element('li', {textContent: channel}, leave);
  }));
}

function showStatus({state, code, reason, delay, error}) {
  const meaning = CLOSES[code] ?? reason;
  const texts = {
    closed: 'not connected',
    connecting: 'connecting…',
    open: 'connected, not logged in',
    ready: 'logged in',
    waiting: `trying again in ${((delay ?? 0) / 1000).toFixed(1)} s`,
  };
  $('status').textContent = texts[state];
  $('status').dataset.state = state;
  const ready = state === 'ready';
  for (const id of ['subscribe', 'publish']) $(id).querySelector('button').disabled = !ready;
  $('subscribe-user').disabled = !ready;
  $('login').disabled = state !== 'closed' && state !== 'open';
  $('logout').disabled = state === 'closed';
  addFrame({direction: 'note', text: `${texts[state]}${code ? ` (${code}${meaning ? `: ${meaning}` : ''})` : ''}`});
  if (ready) showProblem(null);
  else if (error && error.code) showProblem(`Refused: ${error.message} (code ${error.code})`);
  else if (code && code !== 1000) showProblem(`Closed with ${code}${meaning ? `: ${meaning}` : ''}`);
  showSubscriptions();
}

// Runs an action of the person; a refusal is shown with its code.
async function attempt(action) {
  try {
    showProblem(null);
    await action();
  } catch (error) {
    showProblem(error.code ? `Refused: ${error.message} (code ${error.code})` : error.message);
  }
}

async function logIn() {
  if (!dunlin) {
    dunlin = new Dunlin($('url').value.trim());
    dunlin.on('frame', addFrame);
    dunlin.on('push', addPush);
    dunlin.on('status', showStatus);
  }
  await dunlin.login($('token').value.trim());
}

function logOut() {
  dunlin?.close();
  dunlin = null;
}

async function subscribe(channel) {
  await dunlin.subscribe(channel);
  showSubscriptions();
}

async function copyCurl() {
  try {
    await navigator.clipboard.writeText($('curl').textContent);
    $('copy').textContent = 'Copied';
  } catch {  // no clipboard outside https and localhost
    getSelection().selectAllChildren($('curl'));
    $('copy').textContent = 'Selected: press Ctrl+C';
  }
}

function onSubmit(id, action) {
  $(id).addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(action);
  });
}

onSubmit('connect', async () => {
  if (dunlin && dunlin.state !== 'open') logOut();
  await logIn();
});
onSubmit('subscribe', () => subscribe($('channel').value.trim()));
onSubmit('publish', () => dunlin.publish($('publish-channel').value.trim(), $('message').value));
$('logout').onclick = logOut;
$('subscribe-user').onclick = () => attempt(() => subscribe('@user'));
$('copy').onclick = copyCurl;
$('clear').onclick = () => {
  $('frames').replaceChildren();
  $('frame-count').textContent = '0';
};
$('token').oninput = showCurl;
addEventListener('online', () => dunlin?.retryNow());
addEventListener('hashchange', readFragment);

// The fragment never leaves the browser, so that a token in it does not reach any server's log.
function readFragment() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token) $('token').value = token;
  showCurl();
}

$('url').value = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/message-center`;
readFragment();
