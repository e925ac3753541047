// SPDX-License-Identifier: Apache-2.0
// Link: one end of the socket between the server and a module's process, on a loop. Frames are written behind one another
// and go out together when they are flushed. [worker]
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/isolation/wire.h"
#include "core/loop/fd_watch.h"

namespace dunlin {

class Link : public std::enable_shared_from_this<Link> {
 public:
  using Heard = std::function<bool(std::string_view frame)>;  // false: it makes no sense
  using Ended = std::function<void(bool nonsense)>;           // once, unless it is closed before

  // Takes `fd` over, which does not block; `rest` has come already. Both callbacks may close it.
  static std::shared_ptr<Link> open(void* uv_loop, int fd, WireBuffer rest, Heard heard, Ended ended);
  ~Link() { close(); }

  std::string& out() { return out_; }
  std::size_t waiting() const { return out_.size(); }
  void flush();
  // Hears what had come before it was opened.
  void hear_rest();
  void close();

 private:
  Link(int fd, WireBuffer rest, Heard heard, Ended ended);
  void read();
  bool hear();
  void end(bool nonsense);

  int fd_;  // -1: closed
  WireBuffer frames_;
  Heard heard_;
  Ended ended_;
  std::string out_;
  std::unique_ptr<FdWatch> watch_;
  bool blocked_ = false;  // waits until it can be written
};

}  // namespace dunlin
