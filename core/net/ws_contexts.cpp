// SPDX-License-Identifier: Apache-2.0
#include "core/net/ws_contexts.h"

#include <fcntl.h>
#include <libwebsockets.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace dunlin {
namespace {

constexpr int kMost = 10'000'000;  // entries; with more files than that lws takes 2,560

int lowest_free() {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return kMost;
  ::close(fd);
  return fd;
}

// As many open files as the process may have, until it goes out of scope. lws sizes a table by it.
class FileLimit {
 public:
  FileLimit() { getrlimit(RLIMIT_NOFILE, &before_); }
  ~FileLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

  int value() const { return static_cast<int>(std::min<rlim_t>(before_.rlim_cur, kMost)); }
  void set(int files) const {
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(files);
    setrlimit(RLIMIT_NOFILE, &limit);
  }

 private:
  rlimit before_{};
};

}  // namespace

// Tables are memory, 16 bytes an entry: by these steps all together take some three times what the last takes, and of very
// many files twice. A last range that is hardly longer than the one before would be a table for nothing.
std::vector<int> descriptor_ranges(int lowest, int limit) {
  constexpr std::int64_t kFirst = 2048, kRoom = 1024, kFine = 65'536;
  std::vector<int> ends;
  for (std::int64_t end = std::max(kFirst, lowest + kRoom); end + end / 4 < limit; end = end < kFine ? end + end / 2 : end * 4)
    ends.push_back(static_cast<int>(end));
  ends.push_back(limit);
  return ends;
}

Status WsContexts::create(const lws_context_creation_info& info, bool ranges) {
  const FileLimit files;
  ends_ = descriptor_ranges(ranges ? lowest_free() : kMost, files.value());
  for (const int end : ends_) {
    files.set(end);
    lws_context* context = lws_create_context(&info);
    if (!context) return fail(Errc::unavailable, "libwebsockets could not be started (is its libuv plugin installed?)");
    contexts_.push_back(context);
  }
  return ok();
}

std::size_t WsContexts::of(int fd) const {
  const auto range = std::upper_bound(ends_.begin(), ends_.end() - 1, fd);
  return static_cast<std::size_t>(range - ends_.begin());
}

void WsContexts::close() {
  for (lws_context* context : contexts_) lws_context_destroy(context);
}

void WsContexts::finish_close() {
  close();
  contexts_.clear();
}

}  // namespace dunlin
