// SPDX-License-Identifier: Apache-2.0
// Settings: what the configuration says of one selection of this module. Made on setup, then read by all workers.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lua/shared_store.h"

namespace dunlin::lua {

// What one run of a handler may use, and all of them. 0: no bound.
struct Budget {
  std::int64_t instructions = 10'000'000;
  std::int64_t time_ms = 500;                   // of CPU
  std::uint64_t memory = 32ull * 1024 * 1024;  // that a run may add to the state, in bytes
  std::uint64_t state = 64ull * 1024 * 1024;   // of the whole Lua state, in bytes
};

// Says once, however many workers find it out, that a changed script is no good.
class ReloadNotes {
 public:
  // True for the first caller with this text since the last different one. [any-thread]
  bool first(const std::string& text);

 private:
  std::mutex mutex_;
  std::string last_;
};

struct Settings {
  std::string entry;                 // as in the configuration
  std::string file;                  // the same, absolute
  std::vector<std::string> folders;  // absolute: where `require` looks, the script's own first
  std::int64_t reload_ms = 1000;     // 0: off
  Budget budget;
  bool allow_io = false;
  bool deny_private = false;  // mix.http.request connects to public addresses only
  bool push_events = false;   // mix.redis.push wraps what it pushes as queue.pop does
  mutable ReloadNotes notes;
  mutable SharedStore shared;  // mix.shared, of all workers
};

// The JSON Schema of the settings.
extern const char kSettingsSchema[];

// Where a fault is (a JSON Pointer) and what it is.
struct Fault {
  std::string pointer, what;
};

// Reads `json` (validated by the host against the schema) into `out`; relative paths start at `directory`.
bool read_settings(std::string_view json, std::string_view directory, Settings& out, Fault& fault);

}  // namespace dunlin::lua
