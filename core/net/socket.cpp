// SPDX-License-Identifier: Apache-2.0
#include "core/net/socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace dunlin {
namespace {

std::string address_text(const Bind& bind) {
  return bind.host.find(':') == std::string::npos ? fmt::format("{}:{}", bind.host, bind.port)
                                                  : fmt::format("[{}]:{}", bind.host, bind.port);
}

Error fault(const Bind& bind, int error) {
  return fail(Errc::unavailable, fmt::format("cannot listen on {}: {}", address_text(bind), std::strerror(error)));
}

Result<int> bound_socket(const Bind& bind, bool shared) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const char* host = bind.host.empty() ? nullptr : bind.host.c_str();
  if (const int failed = getaddrinfo(host, std::to_string(bind.port).c_str(), &hints, &found))
    return fail(Errc::bad_input, fmt::format("cannot listen on {}: {}", address_text(bind), gai_strerror(failed)));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fault(bind, errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (::bind(fd, found->ai_addr, found->ai_addrlen) == 0) return fd;
  const int error = errno;
  ::close(fd);
  return fault(bind, error);
}

}  // namespace

Status probe_free(const Bind& bind) {
  const auto fd = bound_socket(bind, false);
  if (!fd) return fd.error();
  // Two listeners cannot have one port, two bound sockets with SO_REUSEADDR can: so listen, too.
  const bool listening = ::listen(*fd, 1) == 0;
  const int error = errno;
  ::close(*fd);
  if (!listening) return fault(bind, error);
  return ok();
}

Result<int> bind_tcp(const Bind& bind) { return bound_socket(bind, true); }

Status listen_tcp(int fd, const Bind& bind, int backlog) {
  if (::listen(fd, backlog) != 0) return fault(bind, errno);
  return ok();
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

int accept_one(int fd) {
  const int accepted = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0) return -1;
  const int on = 1;
  setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return accepted;
}

std::string peer_text(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {  // of a listener on "::": the same peer has the same name everywhere
      inet_ntop(AF_INET, &six.sin6_addr.s6_addr[12], text, sizeof(text));
      return fmt::format("{}:{}", text, ntohs(six.sin6_port));
    }
    inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof(text));
    return fmt::format("[{}]:{}", text, ntohs(six.sin6_port));
  }
  const auto& four = reinterpret_cast<sockaddr_in&>(address);
  inet_ntop(AF_INET, &four.sin_addr, text, sizeof(text));
  return fmt::format("{}:{}", text, ntohs(four.sin_port));
}

}  // namespace dunlin
