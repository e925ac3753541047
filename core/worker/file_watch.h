// SPDX-License-Identifier: Apache-2.0
// FileWatch: says when one of some files has changed and then stayed as it is for a moment, so that a file that is still
// being written is left alone. It looks, rather than being told by the kernel: that works on every file system, through
// links that are exchanged, and for files that come back. On the loop of its wheel.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/loop/timer_wheel.h"

namespace dunlin {

class FileWatch {
 public:
  FileWatch(TimerWheel& wheel, std::function<void()> changed);

  // The files to watch from here on; none: it rests. What is new among them counts as known.
  void watch(const std::vector<std::string>& files);
  // All are known as they are now.
  void take_note();
  void stop() { timer_.stop(); }

 private:
  using State = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;  // inode, size, changed s, ns
  using States = std::map<std::string, State>;
  static State state_of(const std::string& file);
  void look();

  TimerWheel& wheel_;
  std::function<void()> changed_;
  Timer timer_;
  States known_;  // that `changed` was told of
  States last_;   // as they were when it looked last
};

}  // namespace dunlin
