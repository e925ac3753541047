# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a configuration is said in one line each: file:line:column, what was found, what would be right."""
import json
import os
import socket

import pytest

from harness.server import MESSAGE_CENTER, PLUGINS, configuration, run_cli

# Line 1 is `plugins:`; each case replaces a part of this.
GOOD = f"""\
plugins: {{directory: {PLUGINS}}}
node:
  workers: 2
listeners:
  - bind: 127.0.0.1:0
    endpoints:
      - path: /message-center
        auth: [jwt-auth]
        router: lua
        limits: {{message: 64KiB, idle: 60s}}
modules:
  lua: {{entry: {MESSAGE_CENTER}}}
  jwt-auth:
    algorithms: [HS256]
    secret: a-secret-for-the-tests-and-nothing-else
api:
  bind: 127.0.0.1:0
directory:
  bind: 127.0.0.1:0
log: {{level: info, format: json}}
shutdown: 10s
"""

# Case, what is replaced, by what, the lines that are said (without the file's name).
FAULTS = []


def fault(name, old, new, *lines):
    assert old in GOOD
    FAULTS.append(pytest.param(GOOD.replace(old, new), lines, id=name))


fault("an unknown key at the top", "shutdown: 10s", "shutdwon: 10s", '21:1: unknown key "shutdwon"; did you mean "shutdown"?')
fault("an unknown key below", "workers: 2", "worker: 2", '3:3: node: unknown key "worker"; did you mean "workers"?')
fault("a word for a number", "workers: 2", "workers: two", '3:12: node.workers: is "two"; must be a whole number from 1 to 256')
fault("a number that is too big", "workers: 2", "workers: 1000",
      '3:12: node.workers: is "1000"; must be a whole number from 1 to 256')
fault("a map for a number", "workers: 2", "workers: {a: 1}", "3:12: node.workers: is a map; must be a text")
fault("a list for a map", "node:\n  workers: 2", "node:\n  [1, 2]", "3:3: node: is a list; must be a map")
fault("a duration without a unit", "idle: 60s", 'idle: "60"',
      '10:40: listeners.endpoints.limits.idle: "60" has no unit; write 60s')
fault("an unknown unit", "idle: 60s", "idle: 60w",
      '10:40: listeners.endpoints.limits.idle: "60w" has an unknown unit; write a duration such as 500ms, 10s, 5m, 1h or 1d')
fault("no duration", "shutdown: 10s", "shutdown: soon", '21:11: shutdown: "soon" is no duration such as 500ms, 10s, 5m, 1h or 1d')
fault("no size", "message: 64KiB", "message: 64K",
      '10:27: listeners.endpoints.limits.message: "64K" has an unknown unit; write a size such as 512, 64KiB, 1MiB or 2GiB')
fault("idle too short", "idle: 60s", "idle: 10ms", "10:40: listeners.endpoints.limits.idle: is under 100ms; write at least 100ms")
fault("no address", "  - bind: 127.0.0.1:0", "  - bind: 127.0.0.1",
      '5:11: listeners.bind: "127.0.0.1" is no address; write host:port, such as 127.0.0.1:6790 or [::1]:6790')
fault("a port that is none", "  - bind: 127.0.0.1:0", "  - bind: 127.0.0.1:65536",
      '5:11: listeners.bind: "127.0.0.1:65536" is no address; write host:port, such as 127.0.0.1:6790 or [::1]:6790')
fault("a path without a slash", "path: /message-center", "path: message-center",
      '7:15: listeners.endpoints.path: is "message-center"; write /message-center')
fault("no router", "        router: lua\n", "", "7:9: listeners.endpoints: has no `router`; write router: lua (or static: FOLDER)")
fault("static and a router", "        router: lua\n", "        router: lua\n        static: .\n",
      "7:9: listeners.endpoints: has `static` and `router`, `auth` or `guards`; write two endpoints")
fault("a choice that is none", "format: json", "format: xml", '20:28: log.format: is "xml"; must be text or json')
fault("a key twice", "shutdown: 10s", "shutdown: 10s\nshutdown: 5s", "22:1: shutdown: is given twice")
fault("an environment variable that is not set", "secret: a-secret-for-the-tests-and-nothing-else", "secret: ${NO_SUCH_VARIABLE}",
      "15:13: modules.jwt-auth: the environment has no NO_SUCH_VARIABLE; set it, or write $${NO_SUCH_VARIABLE} for the text itself")
fault("raw TCP with endpoints and without a router", "    endpoints:", "    protocol: socket\n    endpoints:",
      "8:7: listeners: a listener with `protocol: socket` has no endpoints; write `router` beside `bind`",
      "5:5: listeners: has `protocol: socket` and no `router`; write router: {module: lua, entry: FILE}")
fault("a router beside endpoints", "    endpoints:", "    router: lua\n    endpoints:",
      "6:13: listeners: `router` stands in an endpoint, or beside `protocol: socket`; move it there")
fault("Redis without a name", "shutdown: 10s", "redis: [{pool: 5}]",
      '21:9: redis: has no `name`; write {name: default, url: "redis://127.0.0.1:6379/0"}')
fault("a Redis URL that is none", "shutdown: 10s", "redis: [{name: a, url: localhost}]",
      "21:24: redis.url: is no Redis URL; write redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS")
fault("two Redis servers of one name", "shutdown: 10s", "redis: [{name: a}, {name: a}]",
      '21:20: redis: name "a" is taken by another server')
fault("NATS", "shutdown: 10s", "mesh: {engine: nats, nats: {url: localhost}}",
      '21:34: mesh.nats.url: has an entry that is no URL; write nats://host:4222')
fault("on_error of a router", "router: lua", "router: {module: lua, on_error: pass}",
      "9:41: listeners.endpoints.router: on_error: is for auth, guards and filters only")
fault("an auth list that is none", "auth: [jwt-auth]", "auth: jwt-auth", "8:15: listeners.endpoints.auth: is a value; must be a list of modules")
fault("a plugin directory that is not there", f"directory: {PLUGINS}", "directory: /nowhere/plugins",
      "1:22: plugins.directory: there is no /nowhere/plugins")
fault("several at once", "workers: 2", "workers: 0\n  nme: x",
      '3:12: node.workers: is "0"; must be a whole number from 1 to 256', '4:3: node: unknown key "nme"; did you mean "name"?')
fault("a hash that nobody knows", "api:\n  bind: 127.0.0.1:0",
      "api:\n  access: [{username: a, password: '$argon2id$v=19$x', roles: [read]}]",
      "17:36: api.access.password: begins with $ and is no hash that crypt(3) knows; make one with mkpasswd, or write another password")
fault("an access without a role", "api:\n  bind: 127.0.0.1:0", "api:\n  access: [{username: a, password: b}]",
      "17:12: api.access: has no role; write roles: [read, write]")
fault("broken YAML", "shutdown: 10s", "shutdown: [10s", "22:1: end of sequence flow not found")
# Modules.
fault("an unknown setting", "algorithms: [HS256]", "algoritms: [HS256]",
      '14:16: modules.jwt-auth.algoritms: unknown key "algoritms"; did you mean "algorithms"?')
fault("a setting of a wrong type", "algorithms: [HS256]", "algorithms: HS256",
      '14:17: modules.jwt-auth.algorithms: is a text; must be of type "array"')
fault("an algorithm that is not served", "algorithms: [HS256]", "algorithms: [none]", '14:18: modules.jwt-auth.algorithms.0: "none" is not served; *')
fault("a secret that is too short", "secret: a-secret-for-the-tests-and-nothing-else", "secret: short", "15:13: modules.jwt-auth.secret: *")
fault("an algorithm without a key", "algorithms: [HS256]", "algorithms: [HS256, RS256]", "14:25: modules.jwt-auth.algorithms.1: RS256 needs a key*")
fault("a missing module", "auth: [jwt-auth]", "auth: [jwt-auht]", f'8:16: module "jwt-auht": {PLUGINS}/jwt-auht.so: no such file; there are: *')
fault("a name that leads elsewhere", "auth: [jwt-auth]", "auth: [../jwt-auth]", '8:16: module "../jwt-auth": *')
fault("a module that is no router", "router: lua", "router: jwt-auth", "9:17: *router*")
fault("a module that is no auth", "auth: [jwt-auth]", "auth: [{module: lua, entry: empty.lua}]", "8:37: modules.lua.entry: *authenticate*")
fault("a script that is not there", f"entry: {MESSAGE_CENTER}", "entry: nowhere.lua", "12:16: modules.lua.entry: *nowhere.lua*")
fault("a script that does not compile", f"entry: {MESSAGE_CENTER}", "entry: broken.lua", "12:16: modules.lua.entry: *broken.lua:2:*")
fault("a script without handlers", f"entry: {MESSAGE_CENTER}", "entry: empty.lua", "12:16: modules.lua.entry: *on_message*")
fault("settings in place", "auth: [jwt-auth]", "auth: [{module: jwt-auth, algorithms: [HS256]}]",
      "8:48: modules.jwt-auth.algorithms.0: HS256 needs a `secret`")


def fits(line, wanted):
    """`*` in what is wanted stands for any text."""
    first, *rest = wanted.split("*")
    if not rest:
        return line == wanted
    if not line.startswith(first):
        return False
    line = line[len(first):]
    for part in rest:
        if part not in line:
            return False
        line = line[line.index(part) + len(part):]
    return True


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "broken.lua").write_text("function on_message(msg)\n  this is no Lua\nend\n")
    (tmp_path / "empty.lua").write_text("local a = 1\n")
    return tmp_path


@pytest.mark.parametrize("text, lines", FAULTS)
@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_fault_has_its_line(folder, command, text, lines):
    file = folder / "dunlin.yaml"
    file.write_text(text)
    done = run_cli(command, "--config", file, env=os.environ | {"LC_ALL": "C"})
    assert done.returncode == 1, done
    assert done.stdout == ""
    said = done.stderr.rstrip("\n").split("\n")
    assert len(said) == len(lines), said
    for line, wanted in zip(said, lines):
        assert line.startswith(f"{file}:") and fits(line[len(str(file)) + 1:], wanted), (line, wanted)


def test_what_the_cases_start_from_is_good(folder):
    (folder / "dunlin.yaml").write_text(GOOD)
    done = run_cli("check", "--config", folder / "dunlin.yaml")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_specification_s_example_is_understood(folder):
    """Every key of the page on configuration, but for what this version does not serve."""
    (folder / "dunlin.yaml").write_text(f"""\
node: {{workers: auto, name: ""}}
plugins: {{directory: {PLUGINS}}}
listeners:
  - bind: 0.0.0.0:6790
    endpoints:
      - path: /message-center
        auth: [http-auth]
        router: lua
        options: {{}}
        limits: {{message: 64KiB, idle: 60s, outbox: 1MiB}}
modules:
  lua: {{entry: {MESSAGE_CENTER}, reload: 1s}}
  http-auth: {{url: "http://127.0.0.1:8000/websocket_auth", timeout: 3s}}
api: {{bind: 127.0.0.1:6789, access: []}}
directory: {{bind: 127.0.0.1:6787}}
mesh: {{engine: local}}
queue: {{topics: 100, size: 2000}}
redis: []
log: {{level: info, format: text}}
""")
    done = run_cli("check", "--config", folder / "dunlin.yaml")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("content, wanted", [(None, ": there is no such file"), ("", ":1:1: the file is empty; must be a map of keys"),
                                             ("[1]", ":1:1: the file is a list; must be a map of keys"),
                                             ("a: [", ":1:*"), ("\tx: 1", ":1:*"), ("node: {}", ":1:1: no listener; *")])
def test_a_file_that_is_none(tmp_path, content, wanted):
    file = tmp_path / "dunlin.yaml"
    if content is not None:
        file.write_text(content)
    done = run_cli("check", "--config", file)
    assert done.returncode == 1
    line, = done.stderr.splitlines()
    assert line.startswith(str(file)) and fits(line[len(str(file)):], wanted), line


def test_secrets_come_from_the_environment(folder):
    file = folder / "dunlin.yaml"
    file.write_text(GOOD.replace("secret: a-secret-for-the-tests-and-nothing-else", "secret: ${DUNLIN_TEST_SECRET}"))
    done = run_cli("check", "--config", file, env=os.environ | {"DUNLIN_TEST_SECRET": "x" * 40})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("what", ["client", "api", "directory"])
def test_a_port_that_is_taken(tmp_path, what):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        config = configuration()
        (config["listeners"][0] if what == "client" else config[what])["bind"] = address
        file = tmp_path / "dunlin.yaml"
        file.write_text(json.dumps(config))
        done = run_cli("serve", "--config", file)
    assert done.returncode == 1
    line, = done.stderr.splitlines()
    assert address in line and "in use" in line


def test_two_servers_do_not_share_a_port(serve, tmp_path):
    dunlin = serve()
    config = configuration()
    config["listeners"][0]["bind"] = f"127.0.0.1:{dunlin.port}"
    file = tmp_path / "dunlin.yaml"
    file.write_text(json.dumps(config))
    done = run_cli("serve", "--config", file)
    assert done.returncode == 1 and f"127.0.0.1:{dunlin.port}" in done.stderr
    assert dunlin.login().is_alive()


@pytest.mark.parametrize("fault", ["no library", "no plugin", "empty"])
def test_a_file_that_is_no_plugin(tmp_path, fault):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    for module in ("lua", "jwt-auth"):
        os.symlink(f"{PLUGINS}/{module}.so", plugins / f"{module}.so")
    bad = plugins / "bad.so"
    if fault == "no library":
        bad.write_text("hello")
    elif fault == "empty":
        bad.write_bytes(b"")
    else:
        libc = next(line.split()[-1] for line in open("/proc/self/maps") if "libc.so" in line)
        os.symlink(libc, bad)
    file = tmp_path / "dunlin.yaml"
    file.write_text(json.dumps(configuration(auth=["bad"]) | {"plugins": {"directory": str(plugins)}}))
    done = run_cli("serve", "--config", file)
    assert done.returncode == 1
    line, = done.stderr.splitlines()
    assert line.startswith(f"{file}:") and str(bad) in line


def test_a_plugin_that_is_not_selected_is_not_opened(serve, tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    for module in ("lua", "jwt-auth"):
        os.symlink(f"{PLUGINS}/{module}.so", plugins / f"{module}.so")
    (plugins / "bad.so").write_text("hello")
    dunlin = serve(top={"plugins": {"directory": str(plugins)}})
    assert dunlin.login().is_alive()


