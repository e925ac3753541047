// SPDX-License-Identifier: Apache-2.0
// ServerProcess: what the server under load uses, read from the outside: CPU time of all its threads, resident memory.
#pragma once

#include <optional>
#include <vector>

#include <sys/types.h>

namespace dunlin::bench {

class ServerProcess {
 public:
  explicit ServerProcess(std::vector<pid_t> pids) : pids_(std::move(pids)) {}

  // Seconds, user and system, to the nanosecond; nothing: no process was named, or one is gone.
  std::optional<double> cpu_seconds() const;
  // Bytes that are resident (smaps_rollup: statm is only roughly right).
  std::optional<double> memory() const;

 private:
  std::vector<pid_t> pids_;
};

}  // namespace dunlin::bench
