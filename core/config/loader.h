// SPDX-License-Identifier: Apache-2.0
// Reads dunlin.yaml into a Config. Whatever is wrong is one line: `dunlin.yaml:14:9: idle: "60" has no unit; write 60s`.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/config/config.h"

namespace dunlin {

// The error lists every fault, one a line, each `file:line:column: what was found; what would be right`.
// `${NAME}` is replaced by the environment's value in every scalar.
Result<Config> load_config(const std::string& file);

// What differs and cannot change while the server runs, each as a line of `file:line:column: key: …`; empty: nothing.
std::vector<std::string> restart_needed(const Config& running, const Config& wanted);

// One line for a fault in a module's settings; `pointer` is a JSON Pointer into them (the longest known prefix is taken).
std::string settings_fault(const std::string& file, const ModuleUse& use, const std::string& pointer,
                           const std::string& what);

// The faults of `use.settings` against a JSON Schema (draft 4), as settings_fault() lines; empty: none.
std::vector<std::string> check_settings(const std::string& file, const ModuleUse& use, const char* schema);

// "1500ms", "10s", "5m", "1h", "1d"; the error says what would be right.
Result<Millis> parse_duration(const std::string& text);
// "512", "512B", "64KiB", "1MiB", "2GiB".
Result<std::uint64_t> parse_size(const std::string& text);

// docs/configuration.md's table of keys, as Markdown: from the same rows that the loader reads.
std::string config_keys_markdown();

}  // namespace dunlin
