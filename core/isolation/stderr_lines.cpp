// SPDX-License-Identifier: Apache-2.0
#include "core/isolation/stderr_lines.h"

#include <unistd.h>

#include <cerrno>

#include "core/plugin/abi_text.h"

namespace dunlin {
namespace {

constexpr std::size_t kLongest = 4096;  // of a line: a longer one is cut into several
constexpr int kReads = 16;              // at a time

}  // namespace

StderrLines& StderrLines::operator=(StderrLines&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(log_, other.log_);
  std::swap(module_, other.module_);
  std::swap(half_, other.half_);
  std::swap(worker_, other.worker_);
  return *this;
}

StderrLines::~StderrLines() {
  if (fd_ < 0) return;
  log_some();
  if (!half_.empty()) say(half_);
  ::close(fd_);
}

bool StderrLines::log_some() {
  char part[kLongest];
  for (int i = 0; i < kReads; ++i) {
    const ssize_t got = ::read(fd_, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    take({part, static_cast<std::size_t>(got)});
  }
  return true;
}

void StderrLines::take(std::string_view text) {
  for (const char c : text) {
    if (c != '\n') half_ += c;
    if (c != '\n' && half_.size() < kLongest) continue;
    if (!half_.empty()) say(half_);
    half_.clear();
  }
}

void StderrLines::say(std::string_view line) {
  log_->warn("module stderr", {{"module", module_}, {"worker", worker_}, {"text", one_line(line)}});
}

}  // namespace dunlin
