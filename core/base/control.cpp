// SPDX-License-Identifier: Apache-2.0
#include "core/base/control.h"

#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace dunlin {
namespace {

// FNV-1a: to make a short name of a path, not to keep anybody out.
std::uint64_t digest(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

Error broken(const std::string& config_file) {
  return fail(Errc::unavailable, fmt::format("the server that runs with {} cannot be asked: {}", config_file, std::strerror(errno)));
}

Result<std::string> talk(int fd, const std::string& config_file, std::string_view command) {
  if (::send(fd, command.data(), command.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(command.size()))
    return broken(config_file);
  std::string answer;
  char part[4096];
  ssize_t got;
  while ((got = ::recv(fd, part, sizeof part, 0)) > 0) answer.append(part, static_cast<std::size_t>(got));
  if (got == 0 && !answer.empty()) return answer;
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return fail(Errc::unavailable, "the server has not answered in time; its log says what came of it");
  return fail(Errc::unavailable, "the server has ended before it answered, or does not answer this user");
}

// -1: nobody is there.
int connect_to(const ControlAddress& to, int seconds) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const timeval patience{seconds, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to.address), to.size) == 0) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

}  // namespace

ControlAddress control_address(const std::string& config_file, int place) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(config_file, error);
  const std::string name = fmt::format("dunlin-{:016x}-{}", digest(error ? config_file : path.string()), place);
  ControlAddress to;
  to.address.sun_family = AF_UNIX;
  std::memcpy(to.address.sun_path + 1, name.data(), name.size());  // the zero before it makes it abstract
  to.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return to;
}

std::vector<Result<std::string>> control_call(const std::string& config_file, std::string_view command, int seconds) {
  std::vector<Result<std::string>> answers;
  for (int place = 0; place < kControlPlaces; ++place) {
    const int fd = connect_to(control_address(config_file, place), seconds);
    if (fd >= 0) {
      answers.push_back(talk(fd, config_file, command));
      ::close(fd);
    } else if (errno != ECONNREFUSED && errno != ENOENT) {
      answers.push_back(broken(config_file));
    }
  }
  return answers;
}

}  // namespace dunlin
