// SPDX-License-Identifier: Apache-2.0
// A client of Dunlin's message centre, without dependencies. README.md beside this file shows its use.
//
// What is wanted (a token, subscriptions) is kept apart from what the socket of the moment has: after a lost connection
// a new one is opened, logged in and subscribed again, and the caller notices only the status.

// Close codes after which trying again cannot help: docs/protocol.md says what each means.
const FINAL_CLOSES = new Set([1002, 1003, 1007, 1008, 1009, 4003, 4004]);
// Refusals of a log-in that say "later", not "no".
const LATER = new Set([3]);

// A refusal {"code":…,"msg":"…"} by the server, or a failure of the connection (code 0).
export class DunlinError extends Error {
  constructor(message, code = 0) {
    super(message);
    this.name = 'DunlinError';
    this.code = code;
  }
}

// How long to wait before attempt n (from 0): doubles, capped, and spread so that clients do not come back all at once.
export function backoff(attempt, {min, max}, random = Math.random) {
  const ceiling = Math.min(max, min * 2 ** attempt);
  return ceiling / 2 + (ceiling / 2) * random();
}

export class Dunlin {
  #url;
  #options;
  #socket = null;
  #state = 'closed';
  #token = null;        // a string, or a function that fetches one
  #subscriptions = new Map();  // channel -> callback
  #pending = new Map();        // id -> {resolve, reject, timer}, oldest first
  #listeners = new Map();      // event name -> Set of functions
  #nextId = 1;
  #attempt = 0;
  #retryTimer = null;
  #heartTimer = null;
  #opening = null;             // {promise, resolve, reject} of connect()

  constructor(url, options = {}) {
    this.#url = url;
    this.#options = {
      WebSocket: globalThis.WebSocket,
      timeout: 10_000,     // ms to wait for an answer
      heartbeat: 25_000,   // ms of silence after which the server is asked whether it still lives; 0: never
      reconnect: {min: 500, max: 15_000},
      ...options,
    };
  }

  // closed → connecting → open → ready (logged in and subscribed again), waiting (for the next attempt)
  get state() {
    return this.#state;
  }

  // 'status' {state, code, reason, delay, error} · 'frame' {direction: 'in'|'out', text, time} · 'push' {channel, data, text}
  // Returns the function that ends it.
  on(event, listener) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(listener);
    return () => this.#listeners.get(event).delete(listener);
  }

  // Resolves when the connection is open, however many attempts that takes; it is kept open until close(). Rejects when
  // trying again cannot help.
  connect() {
    if (this.#socket || this.#retryTimer) return this.#opening?.promise ?? Promise.resolve();
    this.#opening = deferred();
    this.#attempt = 0;
    this.#open();
    return this.#opening.promise;
  }

  // `token` is a string, or an async function that returns a fresh one (asked again after each reconnect).
  async login(token) {
    await this.connect();
    this.#token = token;
    try {
      await this.#authenticate(token);
    } catch (error) {
      if (error.code !== 0) this.#token = null;  // refused: not to be offered again
      throw error;
    }
    this.#set('ready');
  }

  // callback(data, text): the push's `data`, and the frame as it came (numbers over 2^53 keep their digits only there).
  async subscribe(channel, callback = () => {}) {
    await this.request('subscribe', {channel});
    this.#subscriptions.set(channel, callback);
  }

  async unsubscribe(channel) {
    this.#subscriptions.delete(channel);
    await this.request('unsubscribe', {channel});
  }

  // Resolves with the server's answer. Only channels that the endpoint's option `channels` allows.
  publish(channel, data) {
    return this.request('publish', {channel, data});
  }

  ping() {
    return this.request('ping');
  }

  get subscriptions() {
    return [...this.#subscriptions.keys()];
  }

  // Any operation of the router; rejects with DunlinError when refused, unanswered, or cut off.
  request(op, fields = {}) {
    if (this.#socket?.readyState !== 1) return Promise.reject(new DunlinError('not connected'));
    const id = this.#nextId++;
    const answer = deferred();
    const timer = setTimeout(() => {
      this.#pending.delete(id);
      answer.reject(new DunlinError(`no answer to "${op}" within ${this.#options.timeout} ms`));
    }, this.#options.timeout);
    this.#pending.set(id, {...answer, timer});
    this.#send(JSON.stringify({op, ...fields, id}));
    return answer.promise;
  }

  // Ends it for good: no reconnect, subscriptions and token are forgotten.
  close() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#token = null;
    this.#subscriptions.clear();
    const socket = this.#detach();
    socket?.close(1000);
    this.#fail(new DunlinError('closed'));
    this.#giveUp(new DunlinError('closed'));
    this.#set('closed', {code: 1000});
  }

  // Skips the wait for the next attempt (for example when the device is online again).
  retryNow() {
    if (!this.#retryTimer) return;
    clearTimeout(this.#retryTimer);
    this.#open();
  }

  #open() {
    this.#retryTimer = null;
    this.#set('connecting');
    const socket = new this.#options.WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = (event) => this.#closed(event.code, event.reason);
    socket.onerror = () => {};  // onclose follows and tells
  }

  async #opened(socket) {
    this.#set('open');
    this.#beat();
    this.#opening?.resolve();
    this.#opening = null;
    if (this.#token === null) return;
    try {
      await this.#authenticate(this.#token);
      for (const channel of this.#subscriptions.keys()) await this.request('subscribe', {channel});
      if (socket === this.#socket) this.#set('ready');
    } catch (error) {
      if (socket !== this.#socket) return;  // it was lost meanwhile, and #closed has seen to that
      this.#detach().close(1000);
      if (error.code === 0 || LATER.has(error.code)) this.#retry({error});
      else this.#set('closed', {error, code: error.code});
    }
  }

  async #authenticate(token) {
    await this.request('auth', {token: typeof token === 'function' ? await token() : token});
    this.#attempt = 0;
  }

  #received(text) {
    this.#emit('frame', {direction: 'in', text, time: Date.now()});
    this.#beat();
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      message = null;  // a push may be any text
    }
    if (message && typeof message === 'object' && ('result' in message || 'code' in message) && !('event' in message)) {
      this.#answered(message);
      return;
    }
    const channel = message?.event;
    this.#emit('push', {channel, data: message?.data, text});
    this.#subscriptions.get(channel)?.(message.data, text);
  }

  // Answers come in order, so one without an id (a server that does not echo it) is for the oldest request.
  #answered(message) {
    const id = message.id ?? this.#pending.keys().next().value;
    const waiting = this.#pending.get(id);
    if (!waiting) return;
    this.#pending.delete(id);
    clearTimeout(waiting.timer);
    if (message.code) waiting.reject(new DunlinError(message.msg ?? 'refused', message.code));
    else waiting.resolve(message);
  }

  #closed(code, reason) {
    this.#detach();
    const error = new DunlinError(`connection closed (${code}${reason ? ` ${reason}` : ''})`);
    this.#fail(error);
    // An expired session is over only for those who have no fresh token to offer.
    const again = !FINAL_CLOSES.has(code) || (code === 4003 && typeof this.#token === 'function');
    if (again) return this.#retry({code, reason});
    this.#giveUp(error);
    this.#set('closed', {code, reason, error});
  }

  #retry(why) {
    const delay = Math.round(backoff(this.#attempt++, this.#options.reconnect));
    this.#retryTimer = setTimeout(() => this.#open(), delay);
    this.#set('waiting', {...why, delay});
  }

  // A server that fell silent without closing (a pulled cable) is found by asking it.
  #beat() {
    clearTimeout(this.#heartTimer);
    if (!this.#options.heartbeat) return;
    const socket = this.#socket;
    this.#heartTimer = setTimeout(() => {
      this.ping().catch((error) => {
        if (error.code !== 0 || socket !== this.#socket) return;
        socket.close();
        this.#closed(1006, 'no answer');
      });
    }, this.#options.heartbeat);
  }

  #send(text) {
    this.#socket.send(text);
    this.#emit('frame', {direction: 'out', text, time: Date.now()});
  }

  // Lets go of the socket; nothing that it still says is heard.
  #detach() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#heartTimer);
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  #fail(error) {
    for (const {reject, timer} of this.#pending.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#pending.clear();
  }

  #giveUp(error) {
    this.#opening?.reject(error);
    this.#opening = null;
  }

  #set(state, detail = {}) {
    this.#state = state;
    this.#emit('status', {state, ...detail});
  }

  #emit(event, detail) {
    for (const listener of this.#listeners.get(event) ?? []) listener(detail);
  }
}

function deferred() {
  const result = {};
  result.promise = new Promise((resolve, reject) => Object.assign(result, {resolve, reject}));
  return result;
}
