// SPDX-License-Identifier: Apache-2.0
#include "core/bench/server_process.h"

#include <ctime>
#include <fstream>
#include <string>

namespace dunlin::bench {

std::optional<double> ServerProcess::cpu_seconds() const {
  if (pids_.empty()) return std::nullopt;
  double sum = 0;
  for (const pid_t pid : pids_) {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return std::nullopt;
    sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }
  return sum;
}

std::optional<double> ServerProcess::memory() const {
  if (pids_.empty()) return std::nullopt;
  double sum = 0;
  for (const pid_t pid : pids_) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    std::string word;
    while (file >> word && word != "Rss:") continue;
    double kilobytes = 0;
    if (!(file >> kilobytes)) return std::nullopt;
    sum += kilobytes * 1024;
  }
  return sum;
}

}  // namespace dunlin::bench
