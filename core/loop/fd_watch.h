// SPDX-License-Identifier: Apache-2.0
// FdWatch: tells a loop when a descriptor can be read, or has ended, and, if that is wanted, when it can be written.
// [worker]
#pragma once

#include <uv.h>

#include <functional>
#include <memory>

namespace dunlin {

class FdWatch {
 public:
  using Told = std::function<void(bool readable, bool writable)>;

  // `loop` is a uv_loop_t, `fd` does not block and outlives this. `told` may destroy this.
  FdWatch(void* loop, int fd, Told told);
  ~FdWatch();  // the loop must turn once more for its handle
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  void want_write(bool wanted);

 private:
  static void on_event(uv_poll_t* handle, int status, int events);

  uv_poll_t* handle_;  // deleted by its close callback
  std::shared_ptr<Told> told_;
};

}  // namespace dunlin
