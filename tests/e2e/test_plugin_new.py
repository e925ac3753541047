# SPDX-License-Identifier: Apache-2.0
"""From `cmake --install` and `dunlin plugin new` to a tested plugin, with what is installed and nothing else."""
import os
import re
import subprocess
from pathlib import Path

import pytest

from harness.server import PLUGINS, SOURCE
from harness.waiting import DEADLINE

BUILD = Path(PLUGINS).parent
KINDS = [(kind, language) for kind in ("auth", "router") for language in ("c", "cpp", "lua")]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BUILD, "--prefix", folder)
    return folder


def run(*command, cwd=None, env=None, code=0):
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=6 * DEADLINE)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def new(prefix, tmp_path):
    def make(kind, language):
        run(prefix / "bin/dunlin", "plugin", "new", kind, "door-man", "--lang", language, cwd=tmp_path)
        return tmp_path / "door-man"

    return make


def test_what_is_installed(prefix):
    for file in ("bin/dunlin", "include/dunlin/dunlin.h", "include/dunlin.hpp", "share/dunlin/plugin.map", "share/dunlin/lua/message-center.lua"):
        assert (prefix / file).is_file(), file
    listed = run(prefix / "bin/dunlin", "plugin", "list", "--directory", next(prefix.glob("lib*/**/plugins")))
    assert "3 plugins" in listed and "UNUSABLE" not in listed


@pytest.mark.parametrize("kind, language", KINDS)
def test_a_new_plugin_builds_and_passes_by_cmake(new, prefix, kind, language):
    folder = new(kind, language)
    run("cmake", "-B", "build", f"-DCMAKE_PREFIX_PATH={prefix}", cwd=folder)
    run("cmake", "--build", "build", cwd=folder)
    said = run("ctest", "--test-dir", "build", "--output-on-failure", "--no-tests=error", cwd=folder)
    assert "100% tests passed" in said


@pytest.mark.parametrize("kind, language", [row for row in KINDS if row[1] != "lua"])
def test_a_new_plugin_builds_and_passes_by_make(new, prefix, kind, language):
    folder = new(kind, language)
    config = next(prefix.glob("lib*/**/pkgconfig"))
    said = run("make", "test", cwd=folder, env=os.environ | {"PKG_CONFIG_PATH": str(config)})
    assert "door-man.so: passed" in said and "warn" not in said


def block_of(page, language, mark):
    """The first code block of that language with that text in it."""
    text = (SOURCE / "docs" / page).read_text()
    return next(block for block in re.findall(rf"```{language}\n(.*?)```", text, flags=re.S) if mark in block)


def test_the_docs_lead_to_a_tested_asynchronous_plugin(prefix, tmp_path):
    run(prefix / "bin/dunlin", "plugin", "new", "auth", "door", "--lang", "cpp", cwd=tmp_path)
    folder = tmp_path / "door"
    (folder / "door.cpp").write_text(block_of("writing-a-plugin.md", "cpp", "DUNLIN_PLUGIN(Door)"))
    (folder / "test.c").write_text(block_of("writing-a-plugin.md", "c", "fake_host.h"))
    (folder / "settings.json").write_text("{}")
    run("cmake", "-B", "build", f"-DCMAKE_PREFIX_PATH={prefix}", cwd=folder)
    run("cmake", "--build", "build", cwd=folder)
    said = run("ctest", "--test-dir", "build", "-V", cwd=folder)
    assert "100% tests passed" in said and "warn" not in said, said


@pytest.mark.parametrize("name", ["Rules", "Words"])
def test_the_plugins_in_cpp_of_the_docs_pass(prefix, tmp_path, name):
    file = tmp_path / f"{name.lower()}.cpp"
    file.write_text(block_of("writing-a-plugin.md", "cpp", f"DUNLIN_PLUGIN({name})"))
    library = file.with_suffix(".so")
    run("g++", "-std=c++17", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden",
        f"-Wl,--version-script={prefix}/share/dunlin/plugin.map", "-I", prefix / "include", "-o", library, file)
    said = run(prefix / "bin/dunlin", "plugin", "check", library)
    assert f"{name.lower()}.so: passed" in said and "warn" not in said, said


def test_the_plugin_in_c_of_the_docs_is_built_by_one_line(prefix, tmp_path):
    (tmp_path / "door.c").write_text(block_of("writing-a-plugin.md", "c", "dunlin_plugin_v1"))
    config = next(prefix.glob("lib*/**/pkgconfig"))
    line = block_of("writing-a-plugin.md", "sh", "gcc ").split("\n")[0]
    run("sh", "-c", line.replace("gcc", "gcc -Wall -Wextra -Werror"), cwd=tmp_path, env=os.environ | {"PKG_CONFIG_PATH": str(config)})
    said = run(prefix / "bin/dunlin", "plugin", "check", "door.so", cwd=tmp_path)
    assert "FAIL" not in said


def test_bad_names_and_folders_are_refused(prefix, tmp_path):
    program = prefix / "bin/dunlin"
    assert "no module's name" in run(program, "plugin", "new", "auth", "../x", cwd=tmp_path, code=1)
    assert "a target of CMake's own" in run(program, "plugin", "new", "router", "all", cwd=tmp_path, code=1)
    assert "would write over router.lua" in run(program, "plugin", "new", "auth", "router", "--lang", "lua", cwd=tmp_path, code=1)
    assert not list(tmp_path.iterdir())
    (tmp_path / "door").mkdir()
    assert "exists already" in run(program, "plugin", "new", "auth", "door", cwd=tmp_path, code=1)
    run(program, "plugin", "new", "auth", "door", "--lang", "cobol", cwd=tmp_path, code=2)
