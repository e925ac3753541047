// SPDX-License-Identifier: Apache-2.0
#include "core/net/control_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/base/check.h"
#include "core/base/control.h"
#include "core/loop/loop.h"

namespace dunlin {
namespace {

constexpr std::size_t kMostCallers = 16;
constexpr std::size_t kLongestCommand = 64;

void stop(uv_poll_t* poll) {
  if (!poll) return;
  uv_poll_stop(poll);
  uv_close(reinterpret_cast<uv_handle_t*>(poll),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
}

bool is_ours(int fd) {
  ucred who{};
  socklen_t size = sizeof who;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && (who.uid == ::geteuid() || who.uid == 0);
}

bool bind_free_place(int fd, const std::string& config_file) {
  for (int place = 0; place < kControlPlaces; ++place) {
    const ControlAddress at = control_address(config_file, place);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&at.address), at.size) == 0) return true;
    if (errno != EADDRINUSE) return false;
  }
  return false;
}

}  // namespace

struct ControlServer::Caller {
  ControlServer& server;
  std::uint64_t id;
  int fd;
  uv_poll_t* poll;
  std::string command;
};

ControlServer::ControlServer(Loop& loop, Log& log, Command command)
    : loop_(loop), log_(log), command_(std::move(command)) {}

ControlServer::~ControlServer() { CHECK(fd_ < 0 && callers_.empty()); }

Status ControlServer::open(const std::string& config_file) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || !bind_free_place(fd, config_file) || ::listen(fd, 16) != 0) {
    const auto error = fail(Errc::unavailable, std::strerror(errno));
    if (fd >= 0) ::close(fd);
    return error;
  }
  fd_ = fd;
  listener_ = new uv_poll_t{};
  listener_->data = this;
  uv_poll_init(loop_.uv(), listener_, fd_);
  uv_poll_start(listener_, UV_READABLE,
                [](uv_poll_t* poll, int, int) { static_cast<ControlServer*>(poll->data)->accept_one(); });
  return ok();
}

void ControlServer::accept_one() {
  const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  if (callers_.size() >= kMostCallers || !is_ours(fd)) {
    log_.warn("control call refused", {{"why", callers_.size() >= kMostCallers ? "too many at once" : "another user"}});
    ::close(fd);
    return;
  }
  auto* poll = new uv_poll_t{};
  auto caller = std::make_unique<Caller>(Caller{*this, ++last_, fd, poll, {}});
  poll->data = caller.get();
  uv_poll_init(loop_.uv(), poll, fd);
  uv_poll_start(poll, UV_READABLE, [](uv_poll_t* readable, int, int) {
    Caller& from = *static_cast<Caller*>(readable->data);
    from.server.read(from);
  });
  callers_.emplace(last_, std::move(caller));
}

void ControlServer::read(Caller& caller) {
  char part[kLongestCommand];
  const ssize_t got = ::recv(caller.fd, part, sizeof part, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0 || caller.command.size() + static_cast<std::size_t>(got) > kLongestCommand) return drop(caller.id);
  caller.command.append(part, static_cast<std::size_t>(got));
  if (!caller.command.ends_with('\n')) return;
  uv_poll_stop(caller.poll);  // it is answered once
  const std::uint64_t id = caller.id;
  command_(caller.command, [this, id](const std::string& text) { answer(id, text); });
}

void ControlServer::answer(std::uint64_t id, const std::string& text) {
  const auto caller = callers_.find(id);
  if (caller == callers_.end()) return;
  // What does not fit into the socket's buffer (hundreds of lines of faults) is in the log.
  if (::send(caller->second->fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    log_.warn("control call not answered", {{"why", std::strerror(errno)}});
  drop(id);
}

void ControlServer::drop(std::uint64_t id) {
  const auto node = callers_.extract(id);
  stop(node.mapped()->poll);
  ::close(node.mapped()->fd);
}

void ControlServer::close() {
  while (!callers_.empty()) drop(callers_.begin()->first);
  stop(std::exchange(listener_, nullptr));
  if (const int fd = std::exchange(fd_, -1); fd >= 0) ::close(fd);
}

}  // namespace dunlin
