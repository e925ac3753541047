# SPDX-License-Identifier: Apache-2.0
"""docs/api.md: each curl and wscat line is run, in order, and answers what the page says."""
import json
import re
import shlex
import subprocess

from harness.server import SOURCE
from harness.waiting import DEADLINE

PAGE = SOURCE / "docs/api.md"
CLIENT_ID = "562949955518465"  # as written in the page
DIFFERS = {"id", "name", "api_server", "version", "workers", "connections", "started_at", "uptime",
           "n"}


def examples(page):
    """(commands, expected answers) of each block of commands; no answers: none are printed."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.M | re.S)
    for (kind, text), (next_kind, next_text) in zip(blocks, blocks[1:] + [("", "")]):
        if kind == "sh":
            commands = text.replace("\\\n", " ").strip().split("\n")
            yield commands, list(values(next_text)) if next_kind == "json" else []


def values(text):
    while text := text.strip():
        if text.startswith("pong"):
            value, end = "pong", 4
        else:
            value, end = json.JSONDecoder().raw_decode(text)
        yield value
        text = text[end:]


def alike(given, expected, key=None):
    if isinstance(expected, dict) and isinstance(given, dict):
        return given.keys() == expected.keys() and all(alike(given[k], expected[k], k) for k in expected)
    if isinstance(expected, list) and isinstance(given, list):
        return len(given) == len(expected) and all(map(alike, given, expected))
    return given == expected or (key in DIFFERS and type(given) is type(expected) and isinstance(given, (str, int)))


def run_curl(arguments):
    done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def test_every_example_answers_as_written(serve):
    dunlin = serve(script="""
function on_message(msg)
  local conn = mix.websocket()
  conn:subscribe("user:1001")
  conn:send(tostring(conn:client_id()))
end
""", auth=[], top={"queue": {"topics": 5}})
    people = [dunlin.connect() for _ in range(2)]
    for person in people:
        person.send("who am I")
    ids = [person.recv() for person in people]
    ran = 0
    for commands, expected in examples(PAGE.read_text()):
        answers = []
        for command in commands:
            command = command.replace("127.0.0.1:6789", f"127.0.0.1:{dunlin.api.port}").replace(CLIENT_ID, ids[0])
            command = command.replace("127.0.0.1:6787", f"127.0.0.1:{dunlin.directory.port}")
            name, *arguments = shlex.split(command)
            if name == "curl":
                text = run_curl(arguments)
                answers += [json.loads(text)] if expected else []
            else:
                assert name == "wscat", command
                backend = dunlin.backend()
                backend.send(arguments[arguments.index("-x") + 1])
                more = len(expected) - len(answers) if "-w" in arguments else 1
                answers += [text if text == "pong" else json.loads(text) for text in backend.recv_many(more)]
            ran += 1
        if expected:
            assert len(answers) == len(expected), (commands, answers)
            for command, given, wanted in zip(commands + commands[-1:] * 9, answers, expected):
                assert alike(given, wanted), f"{command}\nanswers {given}\nnot     {wanted}"
    assert ran >= 25


def test_every_route_method_code_and_figure_is_in_the_page(dunlin):
    page = PAGE.read_text()
    api = (SOURCE / "core/api/api.cpp").read_text()
    methods = (SOURCE / "core/api/methods.cpp").read_text() + (SOURCE / "core/api/socket_session.cpp").read_text()
    for method, path in re.findall(r'\{"(GET|POST)", "(\S+)",', api):
        assert f"`{method} {path}`" in page
    for name in re.findall(r'\{"((?:mesh|conn|queue)\.\w+)", Role', methods):
        assert f"`{name}" in page
    for code in re.findall(r"= (\d{3}),", (SOURCE / "core/api/methods.h").read_text()):
        assert re.search(rf"\| {code} \|", page), code
    for name in dunlin.api.metrics().types:
        if name.startswith(("dunlin_api_", "dunlin_queue_")):
            assert f"`{name}`" in page
