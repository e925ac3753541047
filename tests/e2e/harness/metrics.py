# SPDX-License-Identifier: Apache-2.0
"""Prometheus text, read strictly: what is not well-formed fails the test."""
import re
from collections import namedtuple

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')

Sample = namedtuple("Sample", "name labels value")


class Metrics:
    def __init__(self, text):
        self.types, self.help, self.samples = {}, {}, []
        assert text.endswith("\n")
        for line in text.splitlines():
            if line.startswith("# HELP "):
                _, _, name, words = line.split(" ", 3)
                assert name not in self.help, f"{name} is explained twice"
                self.help[name] = words
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.types, f"{name} has two types"
                self.types[name] = kind
            else:
                self.samples.append(self._sample(line))

    def _sample(self, line):
        match = SAMPLE.match(line)
        assert match, f"no sample: {line}"
        name, labels, value = match.groups()
        assert self.family_of(name) in self.types, f"{name} has no type"
        found = dict(LABEL.findall(labels or ""))
        assert LABEL.sub("", labels or "") == "", f"no labels: {labels}"
        return Sample(name, found, float(value))

    def family_of(self, name):
        for suffix in ("_bucket", "_sum", "_count"):
            if name.endswith(suffix) and self.types.get(name[: -len(suffix)]) == "histogram":
                return name[: -len(suffix)]
        return name

    def value(self, name, **labels):
        """The sum of the samples of this name that have these labels; none: 0. The family must be known."""
        assert self.family_of(name) in self.types, f"there is no {name}; there are {sorted(self.types)}"
        return sum(s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items())
