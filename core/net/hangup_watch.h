// SPDX-License-Identifier: Apache-2.0
// HangupWatch: tells of connections whose peer leaves while nobody reads them. libuv has room for one watcher a descriptor,
// and theirs belongs to somebody else, who has stopped it: an epoll set of our own, which the loop watches as a whole, sees
// them all the same. [worker]
#pragma once

#include <functional>
#include <memory>

namespace dunlin {

class FdWatch;

class HangupWatch {
 public:
  enum class End { half, whole };  // the peer has sent its last byte; the connection is no more
  // It may add and remove, but must not destroy what is watched.
  using Told = std::function<void(void* who, End end)>;

  // `loop` is a uv_loop_t.
  HangupWatch(void* loop, Told told);
  ~HangupWatch();  // the loop must turn once more for its handle
  HangupWatch(const HangupWatch&) = delete;
  HangupWatch& operator=(const HangupWatch&) = delete;

  // `who` lives until `fd` is removed.
  void add(int fd, void* who);
  void remove(int fd);  // also one that is not watched

 private:
  void look();

  const int set_;
  Told told_;
  std::unique_ptr<FdWatch> watch_;
};

}  // namespace dunlin
