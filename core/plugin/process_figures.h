// SPDX-License-Identifier: Apache-2.0
// ProcessFigures: what is counted of the processes of a module with `isolation: process`, on one worker. [worker]
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/metrics.h"

namespace dunlin {

// Why a process is no more, though nobody wanted it to end.
enum class ProcessEnd : std::uint8_t {
  signal,    // it was killed by a signal: a crash
  exited,    // it called exit()
  hung,      // it did not answer for too long, and was killed
  nonsense,  // it wrote what nobody understands, and was killed
  start,     // a new one could not load, configure or create the module
  count_,
};

const char* process_end_label(ProcessEnd end);

struct ProcessFigures {
  bool used = false;         // it is or was isolated
  std::int64_t running = 0;  // that answer
  std::uint64_t restarts = 0;
  std::uint64_t refused = 0;  // questions that a process left unanswered, or that found none
  std::array<std::uint64_t, static_cast<std::size_t>(ProcessEnd::count_)> ends{};

  void collect(const std::string& module, std::vector<Sample>& out) const;
};

}  // namespace dunlin
