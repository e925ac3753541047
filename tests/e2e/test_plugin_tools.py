# SPDX-License-Identifier: Apache-2.0
"""`dunlin plugin list` and `check`: what they say about plugins that are good, bad and hostile."""
import os
import shutil
from pathlib import Path

import pytest

from harness.server import BIN, PLUGINS, run_cli, watches_threads
from harness.waiting import DEADLINE

MODULES = Path(os.environ.get("DUNLIN_ABI_MODULES", Path(PLUGINS).parent / "tests/abi-modules"))
WATCHES_THREADS = watches_threads()
SANITIZED = b"__asan_init" in Path(BIN).read_bytes() or WATCHES_THREADS
# ThreadSanitizer has a thread of its own, which begins with the first that is made.
LEFT_BEHIND = "2 threads of it go" if WATCHES_THREADS else "1 thread of it goes"


def check(file, *arguments):
    return run_cli("plugin", "check", file, *arguments, timeout=6 * DEADLINE)


def lines_of(done, word):
    return [line[6:] for line in done.stdout.splitlines() if line.startswith(word)]


@pytest.mark.parametrize("name, settings", [("pin-auth", '{"pin": "open-sesame"}'), ("house-rules", "{}"),
                                            ("http-auth", '{"url": "http://127.0.0.1:1/"}'),
                                            ("jwt-auth", '{"algorithms": ["HS256"], "secret": "' + 32 * "x" + '"}')])
def test_a_good_plugin_passes(name, settings):
    done = check(f"{PLUGINS}/{name}.so", "--settings", settings)
    assert done.returncode == 0 and not lines_of(done, "FAIL"), done.stdout + done.stderr
    assert f"{name}.so: passed" in done.stdout


def test_settings_may_come_from_a_file(tmp_path):
    (tmp_path / "settings.json").write_text('{"pin": "open-sesame"}')
    assert check(f"{PLUGINS}/pin-auth.so", "--settings", f"@{tmp_path}/settings.json").returncode == 0
    for text, why in (("nonsense", "--settings: is no JSON"), ("[1]", "--settings: must be a JSON object"), ("@nowhere", "cannot be read")):
        refused = check(f"{PLUGINS}/pin-auth.so", "--settings", text)
        assert refused.returncode == 1 and why in refused.stderr and not refused.stdout, refused.stderr
    refused = check(f"{PLUGINS}/pin-auth.so")
    assert refused.returncode == 1 and "needs `pin`" in refused.stdout and "--settings" in refused.stdout


@pytest.mark.parametrize("name, step, words", [
    ("crash-load", "opens", ["it crashes (SIGSEGV) in: opening it"]),
    ("exit-load", "opens", ["it ends the process (exit code 0) in: opening it", "must not call exit()"]),
    ("anything", "opens", ["gives a table for every id"]),
    ("crash-configure", "settings", ["it crashes (SIGSEGV) in: configure"]),
    ("exit-configure", "settings", ["it ends the process (exit code 0) in: configure"]),
    ("hang-configure", "settings", ["it hangs (nothing for 3 s) in: configure"]),
    ("leak-settings", "settings again", ["bytes for each selection: free in discard"]),
    ("exit", "garbage tokens", ["it ends the process (exit code 0) in: check with a token of"]),
    ("nonsense", "garbage tokens", ["it answers nonsense to 14 of 14 tokens, such as nothing (99 is no verdict)"]),
    ("crash", "garbage tokens", ["it crashes (SIGSEGV)", "check with a token of"]),
    ("abort", "garbage tokens", ["it crashes (SIGABRT)", "exception"]),
    ("leak", "create and destroy", ["bytes for each instance: free in destroy"]),
    ("threads", "create and destroy", ["threads behind", "join them in destroy"]),
    ("fickle", "opens", ["another table each time for dunlin.auth/1"]),
    ("schema", "settings", ["schema"]),
    ("meddle", "settings", ["changes what the whole process shares", "the handler of SIGSEGV", "SIGTERM is blocked", "the locale",
                            "the environment"]),
    ("stale", "rest", ["for instances that had been destroyed (DUNLIN_E_GONE)", "join its threads in destroy"]),
    ("huge", "garbage tokens", ["it answers nonsense to 14 of 14 tokens", "the uid is empty or not UTF-8"]),
    ("leave", "garbage tokens", ["it crashes (SIGABRT)"]),
    ("exports", "exports", ["exports 1 names besides", "hostile_number", "-fvisibility=hidden"]),
])
def test_a_hostile_plugin_is_found_out(name, step, words):
    if SANITIZED and name.partition("-")[0] in ("crash", "leak", "abort"):
        pytest.skip("the sanitizer reports it in its own words")
    if WATCHES_THREADS and name == "leave":
        pytest.skip("its pthread_exit() ends the thread without unwinding the stack")
    done = check(MODULES / f"hostile-{name}.so", "--patience", "3s" if name == "hang-configure" else "20s")
    failed = "\n".join(lines_of(done, "FAIL"))
    assert done.returncode == 1 and failed.startswith(step), done.stdout + done.stderr
    assert all(word in failed for word in words), failed


@pytest.mark.parametrize("name, words", [
    ("hang", ["did not answer to a token of"]),
    ("slow", ["held the worker for over 100 ms"]),
    ("twice", ["tickets that were answered already"]),
    ("thread", [LEFT_BEHIND + " on after the last instance was destroyed"]),
])
def test_what_may_be_meant_is_a_warning(name, words):
    done = check(MODULES / f"hostile-{name}.so")
    warned = "\n".join(lines_of(done, "warn"))
    assert done.returncode == 0 and all(word in warned for word in words), done.stdout + done.stderr


def test_what_a_plugin_has_begun_does_not_hold_up_the_check():
    done = check(MODULES / "hostile-fork.so")
    assert done.returncode == 0 and "passed" in done.stdout, done.stdout + done.stderr


def test_a_plugin_that_forks_and_goes_on_in_both_processes_fails():
    done = check(MODULES / "hostile-fork-on.so")
    failed, = lines_of(done, "FAIL")
    assert "it forks, and returns in both processes in: " in failed and "must call exec or _exit" in failed, failed


@pytest.mark.parametrize("name, words", [("bad-major", "version 2.0"), ("no-check", "lacks check"), ("bad-name", "calls itself"),
                                         ("needy", "telepathy"), ("no-instance", "create failed"),
                                         ("no-library", "no shared library")])
def test_what_cannot_be_loaded_fails(name, words):
    done = check(MODULES / f"{name}.so")
    assert done.returncode == 1 and words in "\n".join(lines_of(done, "FAIL")), done.stdout + done.stderr


def test_the_list_says_what_there_is_and_why_one_is_unusable(tmp_path):
    for file in (f"{PLUGINS}/pin-auth.so", f"{PLUGINS}/house-rules.so"):
        shutil.copy(file, tmp_path)
    good = run_cli("plugin", "list", "--directory", tmp_path)
    assert good.returncode == 0 and "2 plugins" in good.stdout
    assert "pin-auth         1.0       ABI 1.0   dunlin.auth/1" in good.stdout
    assert "dunlin.subscribe-guard/1 dunlin.publish-filter/1 dunlin.http-route/1" in good.stdout
    for name in ("bad-major", "needy", "hostile-schema"):
        shutil.copy(MODULES / f"{name}.so", tmp_path)
    mixed = run_cli("plugin", "list", "--directory", tmp_path)
    assert mixed.returncode == 1
    assert "UNUSABLE: requires dunlin.telepathy/3" in mixed.stdout
    assert "UNUSABLE: its settings_schema is no JSON" in mixed.stdout
    assert "built for version 2.0 of the plugin ABI" in mixed.stdout and "ABI 2.0" in mixed.stdout
    assert run_cli("plugin", "list", "--directory", tmp_path / "nowhere").returncode == 1


def forged(at, *values):
    """pin-auth, with these bytes in its header."""
    file = bytearray(Path(PLUGINS, "pin-auth.so").read_bytes())
    file[at:at + len(values)] = bytes(values)
    return bytes(file)


# Where the header of an ELF file says it: 4 its class, 5 the order of bytes, 16 its type, 18 the machine.
STRANGE = {"machine": (forged(18, 3, 0), "it was built for x86; this server runs on "),
           "narrow": (forged(4, 1), ", 32 bits; this server runs on "),
           "swapped": (forged(5, 2), ", big-endian; this server runs on "),
           "object": (forged(16, 1), "it is an object file, and no shared library: link it with -shared"),
           "program": (forged(16, 2), "it is a program, and no shared library"),
           "text": (b"hello\n", "it is no shared library: file too short")}


def test_the_list_says_of_anything_that_is_called_so_what_it_is(tmp_path):
    for name, (content, _) in STRANGE.items():
        (tmp_path / f"{name}.so").write_bytes(content)
    (tmp_path / "folder.so").mkdir()
    os.mkfifo(tmp_path / "pipe.so")
    (tmp_path / "link.so").symlink_to("nowhere")
    said = run_cli("plugin", "list", "--directory", tmp_path)
    assert said.returncode == 1 and not said.stderr, said.stderr
    for name, why in [(name, why) for name, (_, why) in STRANGE.items()] + [
            ("folder", "it is a folder"), ("pipe", "it is no regular file"), ("link", "it is a link to what is not there")]:
        line, = [line for line in said.stdout.splitlines() if line.startswith(f"    UNUSABLE: {tmp_path}/{name}.so: ")]
        assert why in line, line


def test_a_plugin_for_another_machine_fails_the_check(tmp_path):
    (tmp_path / "pin-auth.so").write_bytes(STRANGE["machine"][0])
    done = check(tmp_path / "pin-auth.so")
    assert done.returncode == 1 and STRANGE["machine"][1] in "\n".join(lines_of(done, "FAIL")), done.stdout + done.stderr


def test_the_list_survives_what_crashes_or_leaves_when_it_is_opened(tmp_path):
    names = ["exit-load", "fork"] + ([] if SANITIZED else ["crash-load"])
    for name in names:
        shutil.copy(MODULES / f"hostile-{name}.so", tmp_path)
    said = run_cli("plugin", "list", "--directory", tmp_path)
    assert said.returncode == 1 and f"{len(names)} plugins" in said.stdout
    assert "UNUSABLE: it ends the process (exit code 0) when it is opened" in said.stdout
    assert SANITIZED or "UNUSABLE: it crashes (SIGSEGV) when it is opened" in said.stdout
    assert said.stdout.count("UNUSABLE") == len(names) - 1
