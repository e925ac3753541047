// SPDX-License-Identifier: Apache-2.0
// StderrLines: what a module's process writes to its standard error, on its way into the server's log, line by line and
// with the module's name on each. It is a pipe that does not block: what nobody reads in time is lost, and keeps nobody.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/base/log.h"

namespace dunlin {

class StderrLines {
 public:
  StderrLines() = default;
  // Takes the reading end over.
  StderrLines(int fd, Log& log, std::string module, unsigned worker)
      : fd_(fd), log_(&log), module_(std::move(module)), worker_(worker) {}
  StderrLines(StderrLines&& other) noexcept { *this = std::move(other); }
  StderrLines& operator=(StderrLines&& other) noexcept;
  ~StderrLines();  // logs what is left, also half a line

  int fd() const { return fd_; }
  // Logs the lines that have come, up to a bound, so that a flood holds nobody. False: nothing more will come.
  bool log_some();

 private:
  void take(std::string_view text);
  void say(std::string_view line);

  int fd_ = -1;  // -1: there is none
  Log* log_ = nullptr;
  std::string module_, half_;
  unsigned worker_ = 0;
};

}  // namespace dunlin
