// SPDX-License-Identifier: Apache-2.0
#include "core/net/acceptor.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/net/socket.h"

namespace dunlin {
namespace {

constexpr int kAcceptsATurn = 64;
constexpr Millis kDescriptorRest{100};

}  // namespace

Acceptor::Acceptor(Loop& loop, TimerWheel& wheel, Counters& counters, Log& log, int fd,
                   std::function<void(int)> accepted)
    : loop_(loop), wheel_(wheel), counters_(counters), log_(log), fd_(fd), accepted_(std::move(accepted)),
      retry_([this] { watch(); }) {}

void Acceptor::start() {
  poll_ = new uv_poll_t{};
  poll_->data = this;
  uv_poll_init(loop_.uv(), poll_, fd_);
  watch();
}

void Acceptor::watch() {
  const auto ready = [](uv_poll_t* poll, int, int) { static_cast<Acceptor*>(poll->data)->accept_some(); };
  if (poll_) uv_poll_start(poll_, UV_READABLE, ready);
}

void Acceptor::stop() {
  retry_.stop();
  if (uv_poll_t* poll = std::exchange(poll_, nullptr)) {
    uv_poll_stop(poll);
    uv_close(reinterpret_cast<uv_handle_t*>(poll),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  }
  if (const int fd = std::exchange(fd_, -1); fd >= 0) ::close(fd);
}

void Acceptor::accept_some() {
  for (int i = 0; i < kAcceptsATurn && poll_; ++i) {
    const int fd = accept_one(fd_);
    if (fd >= 0) {
      counters_.add(Counter::accepted);
      accepted_(fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return out_of_descriptors();
    } else if (errno != ECONNABORTED && errno != EINTR) {
      return;
    }
  }
}

// The socket stays readable while nothing can be accepted: rest a little instead of spinning.
void Acceptor::out_of_descriptors() {
  counters_.add(Counter::refused_descriptors);
  log_.error("cannot accept", {{"reason", "no_descriptor"}, {"mend", "raise node.files, and the system's limit (LimitNOFILE, ulimit -n) if that is lower"}});
  uv_poll_stop(poll_);
  wheel_.start(retry_, kDescriptorRest);
}

}  // namespace dunlin
