// SPDX-License-Identifier: Apache-2.0
#include "core/loop/fd_watch.h"

#include <utility>

#include "core/base/check.h"

namespace dunlin {

FdWatch::FdWatch(void* loop, int fd, Told told)
    : handle_(new uv_poll_t{}), told_(std::make_shared<Told>(std::move(told))) {
  CHECK(uv_poll_init(static_cast<uv_loop_t*>(loop), handle_, fd) == 0);
  handle_->data = this;
  want_write(false);
}

FdWatch::~FdWatch() {
  handle_->data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(handle_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
}

void FdWatch::want_write(bool wanted) {
  CHECK(uv_poll_start(handle_, UV_READABLE | (wanted ? UV_WRITABLE : 0), on_event) == 0);
}

void FdWatch::on_event(uv_poll_t* handle, int status, int events) {
  if (!handle->data) return;
  const auto told = static_cast<FdWatch*>(handle->data)->told_;
  // What is wrong with the descriptor is found out by reading it.
  (*told)(status < 0 || (events & UV_READABLE), events & UV_WRITABLE);
}

}  // namespace dunlin
