// SPDX-License-Identifier: Apache-2.0
// A Dunlin of the test's own: a config in a folder of its own, free ports, stopped at the end. Every wait has a deadline.
import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import http from 'node:http';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const binary = process.env.DUNLIN_BIN ?? path.join(root, 'build-test/bin/dunlin');
const plugins = process.env.DUNLIN_PLUGINS ?? path.join(path.dirname(binary), '../plugins');
const DEADLINE = 20_000;

const config = ({client, api, directory}) => `
node: {workers: 2}
plugins: {directory: ${plugins}}
listeners:
  - bind: 127.0.0.1:${client}
    endpoints:
      - {path: /message-center, auth: [jwt-auth], router: lua, options: {channels: ["room:"]}, compression: {threshold: 100}}
      - {path: /, static: ${root}examples/message-center/web}
      - {path: /client, static: ${root}clients/js}
modules:
  lua: {entry: ${root}lua/message-center.lua}
  jwt-auth: {algorithms: [HS256], secret: a-secret-for-the-tests-and-nothing-else}
api: {bind: "127.0.0.1:${api}"}
directory: {bind: "127.0.0.1:${directory}"}
shutdown: 1s
log: {format: json}
`;

// What is no log line (a sanitizer's report, say) is an entry without anything.
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

export async function deadline(promise, what, ms = DEADLINE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export class DunlinServer {
  #folder;
  #process = null;
  log = [];
  ports = {client: 0, api: 0, directory: 0};

  static async start() {
    const server = new DunlinServer();
    server.#folder = await mkdtemp(path.join(tmpdir(), 'dunlin-'));
    await server.start();
    return server;
  }

  get page() {
    return `http://127.0.0.1:${this.ports.client}/`;
  }

  get url() {
    return `ws://127.0.0.1:${this.ports.client}/message-center`;
  }

  get #config() {
    return path.join(this.#folder, 'dunlin.yaml');
  }

  // The first start takes free ports; later ones take the same again.
  async start() {
    await writeFile(this.#config, config(this.ports));
    this.#process = spawn(binary, ['serve', '--config', this.#config], {stdio: ['ignore', 'ignore', 'pipe']});
    const up = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('exit', (code) => reject(new Error(`dunlin ended with ${code}:\n${this.log.join('\n')}`)));
      createInterface({input: this.#process.stderr}).on('line', (line) => {
        this.log.push(line);
        const {msg, what, address} = parse(line);
        if (msg === 'listening') this.ports[what] = Number(address.split(':').at(-1));
        if (msg === 'ready') resolve();
      });
    });
    await deadline(up, 'the server listens');
  }

  // SIGTERM, and the exit status of a server that drained.
  async stop() {
    if (!this.#process || this.#process.exitCode !== null) return this.#process?.exitCode;
    this.#process.removeAllListeners('exit');
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const [code, signal] = await deadline(gone, 'the server stops');
    if (code !== 0) throw new Error(`dunlin ended with ${code ?? signal}:\n${this.log.join('\n')}`);
    return code;
  }

  async end() {
    try {
      await this.stop();
    } finally {
      await rm(this.#folder, {recursive: true});
    }
  }

  async token(uid, ...more) {
    const {stdout} = await promisify(execFile)(binary, ['token', '--config', this.#config, '--uid', String(uid), ...more]);
    return stdout.trim();
  }

  // The answer of POST /v1/mesh/publish.
  publish(channel, data) {
    return this.#post('/v1/mesh/publish', {c: channel, d: data});
  }

  // The value of a figure without labels.
  async metric(name) {
    const text = await deadline((await fetch(`http://127.0.0.1:${this.ports.api}/metrics`)).text(), 'GET /metrics');
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)[1]);
  }

  #post(target, body) {
    const asked = new Promise((resolve, reject) => {
      const request = http.request({host: '127.0.0.1', port: this.ports.api, path: target, method: 'POST'}, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => resolve(JSON.parse(text)));
      });
      request.on('error', reject).end(JSON.stringify(body));
    });
    return deadline(asked, `POST ${target}`);
  }
}
