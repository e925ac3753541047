// SPDX-License-Identifier: Apache-2.0
#include "core/isolation/link.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace dunlin {

Link::Link(int fd, WireBuffer rest, Heard heard, Ended ended)
    : fd_(fd), frames_(std::move(rest)), heard_(std::move(heard)), ended_(std::move(ended)) {}

std::shared_ptr<Link> Link::open(void* uv_loop, int fd, WireBuffer rest, Heard heard, Ended ended) {
  std::shared_ptr<Link> link(new Link(fd, std::move(rest), std::move(heard), std::move(ended)));
  link->watch_ = std::make_unique<FdWatch>(uv_loop, fd, [raw = link.get()](bool readable, bool writable) {
    const auto self = raw->shared_from_this();
    if (writable) self->flush();
    if (readable) self->read();
  });
  return link;
}

void Link::flush() {
  std::size_t sent = 0;
  bool full = false;
  while (fd_ >= 0 && sent < out_.size() && !full) {
    const ssize_t wrote = ::send(fd_, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote > 0) sent += static_cast<std::size_t>(wrote);
    else if (errno == EAGAIN || errno == EWOULDBLOCK) full = true;
    else if (errno != EINTR) sent = out_.size();  // nobody is there: reading tells
  }
  out_.erase(0, sent);
  if (fd_ >= 0 && std::exchange(blocked_, full) != full) watch_->want_write(full);
}

void Link::read() {
  char part[32 * 1024];
  while (fd_ >= 0) {
    const ssize_t got = ::recv(fd_, part, sizeof part, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) return end(false);
    frames_.add({part, static_cast<std::size_t>(got)});
    if (!hear()) return end(true);
    if (static_cast<std::size_t>(got) < sizeof part) return;
  }
}

bool Link::hear() {
  while (fd_ >= 0) {
    const auto frame = frames_.next();
    if (!frame) return !frames_.flawed();
    if (!heard_(*frame)) return false;
  }
  return true;
}

void Link::hear_rest() {
  const auto self = shared_from_this();
  if (!hear()) end(true);
}

void Link::end(bool nonsense) {
  if (fd_ < 0) return;
  close();
  const Ended told = std::move(ended_);
  told(nonsense);
}

void Link::close() {
  if (fd_ < 0) return;
  watch_.reset();
  ::close(std::exchange(fd_, -1));
}

}  // namespace dunlin
