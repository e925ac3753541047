// SPDX-License-Identifier: Apache-2.0
// ProcessState: what all modules of a process and the server itself share, and none may change: who handles signals, the
// locale, the environment, the working directory, the standard descriptors. A module that does is not stopped; it is told on.
#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <signal.h>

namespace dunlin {

class ProcessState {
 public:
  // As it is now, with the signal mask and the rounding of numbers of this thread.
  static ProcessState now();
  // What is another since then, in words.
  std::vector<std::string> changes_since(const ProcessState& before) const;

 private:
  static constexpr int kSignals = 32;
  std::array<void (*)(int), kSignals> handlers_{};
  sigset_t mask_{};
  std::string locale_, directory_, umask_;
  std::size_t environment_ = 0;  // a hash
  std::array<std::pair<dev_t, ino_t>, 3> standard_{};
  int rounding_ = 0;
};

// Gives /dev/null the place of a standard descriptor that was closed: else it is some connection's next, and what is
// written to the log goes to a client.
void plug_standard_descriptors();

}  // namespace dunlin
