# SPDX-License-Identifier: Apache-2.0
"""A server that runs the test module `swap` (plugins/swap.c), and what is needed to swap it."""
import json
import os
import shutil
from pathlib import Path

from .server import BIN, PLUGINS, configuration, run_cli

TEST_PLUGINS = Path(os.environ.get("DUNLIN_TEST_PLUGINS", Path(BIN).resolve().parent.parent / "tests/e2e-modules"))


class Swapper:
    """`swapper.change(swap={"mark": "!"})` writes other settings, `swapper.build("v2")` another file; `reload()` says
    what came of it."""

    def __init__(self, serve, tmp_path, lua=False, **options):
        self.plugins = tmp_path / "plugins"
        self.plugins.mkdir()
        self.build("v1")
        if lua:
            (self.plugins / "lua.so").symlink_to(Path(PLUGINS) / "lua.so")
        self._options = {"auth": ["swap"], "router": "swap", "modules": {"swap": {}}} | options
        self._options["top"] = {"plugins": {"directory": str(self.plugins)} | options.get("plugins", {})} | options.get("top", {})
        self._options.pop("plugins", None)
        self.dunlin = serve(**self._options)

    def build(self, version, overwrite=False):
        """Puts a version of swap.so in place; `overwrite`: into the file that is there, as cp does it."""
        if overwrite:
            with open(self.plugins / "swap.so", "r+b") as file:
                file.truncate()
                file.write((TEST_PLUGINS / version / "swap.so").read_bytes())
        else:
            shutil.copy(TEST_PLUGINS / version / "swap.so", self.plugins / "new")
            os.rename(self.plugins / "new", self.plugins / "swap.so")

    def change(self, *, swap=None, **options):
        if swap is not None:
            self._options["modules"] = {"swap": swap}
        self._options = self._options | options
        self.write(json.dumps(configuration(**self._options), indent=1))

    def write(self, text):
        self.dunlin.config_file.write_text(text)

    def reload(self):
        """(whether it is in force, what `dunlin reload` said)"""
        done = run_cli("reload", "--config", self.dunlin.config_file)
        assert done.returncode in (0, 1), done
        return done.returncode == 0, done.stdout + done.stderr

    def reload_in_force(self):
        in_force, text = self.reload()
        assert in_force, text

    def reload_refused(self):
        in_force, text = self.reload()
        assert not in_force, text
        return text

    def wait_one_generation(self):
        """Until nothing of former generations is left: one instance a worker, one configuration."""
        self.dunlin.wait_metric("dunlin_module_instances", 2, module="swap")
        self.dunlin.wait_metric("dunlin_generations", 1)
        assert "BOOKS" not in self.dunlin.log_text(), [line for line in self.dunlin.log if "BOOKS" in line["msg"]]
