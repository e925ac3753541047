// SPDX-License-Identifier: Apache-2.0
#include "core/bench/target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace dunlin::bench {
namespace {

constexpr unsigned kPortsAnAddress = 20'000;

// "localhost:6790", "[::1]:6790", "host".
std::pair<std::string, std::string> split(const std::string& host) {
  const std::size_t bracket = host.find(']');
  const std::size_t colon = host.find(':', bracket == std::string::npos ? 0 : bracket);
  std::string name = host.substr(0, colon);
  if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
  return {name, colon == std::string::npos ? "80" : host.substr(colon + 1)};
}

void bind_loopback(int fd, const Target& target, unsigned index) {
  sockaddr_in to{};
  if (target.address.ss_family != AF_INET || index < kPortsAnAddress) return;
  std::memcpy(&to, &target.address, sizeof to);
  if (ntohl(to.sin_addr.s_addr) >> 24 != 127) return;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index / kPortsAnAddress);
  [[maybe_unused]] const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from);
}

}  // namespace

Result<Target> resolve(std::string_view url) {
  Target target;
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return fail(Errc::bad_input, fmt::format("\"{}\" is no URL", url));
  target.scheme = url.substr(0, scheme);
  if (target.scheme != "ws" && target.scheme != "http" && target.scheme != "tcp")
    return fail(Errc::bad_input, fmt::format("{}: only ws://, http:// and tcp:// are measured", url));
  const std::string_view rest = url.substr(scheme + 3);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  target.host = rest.substr(0, slash);
  target.path = slash == rest.size() ? "/" : rest.substr(slash);
  const auto [name, port] = split(target.host);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), port.c_str(), &hints, &found); error != 0)
    return fail(Errc::unavailable, fmt::format("{}: {}", url, ::gai_strerror(error)));
  std::memcpy(&target.address, found->ai_addr, found->ai_addrlen);
  target.length = found->ai_addrlen;
  ::freeaddrinfo(found);
  return target;
}

Result<int> connect_to(const Target& target, unsigned index) {
  const int fd = ::socket(target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) {
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bind_loopback(fd, target, index);
    const auto* address = reinterpret_cast<const sockaddr*>(&target.address);
    if (::connect(fd, address, target.length) == 0 || errno == EINPROGRESS) return fd;
  }
  const int error = errno;
  if (fd >= 0) ::close(fd);
  return fail(Errc::unavailable, fmt::format("{}: {}", target.host, std::strerror(error)));
}

}  // namespace dunlin::bench
