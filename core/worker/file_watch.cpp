// SPDX-License-Identifier: Apache-2.0
#include "core/worker/file_watch.h"

#include <sys/stat.h>

#include <utility>

namespace dunlin {
namespace {

constexpr Millis kPeriod{500};

}  // namespace

FileWatch::FileWatch(TimerWheel& wheel, std::function<void()> changed)
    : wheel_(wheel), changed_(std::move(changed)), timer_([this] { look(); }) {}

FileWatch::State FileWatch::state_of(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

void FileWatch::watch(const std::vector<std::string>& files) {
  States known;
  for (const std::string& file : files) {
    const auto before = known_.find(file);
    known[file] = before == known_.end() ? state_of(file) : before->second;
  }
  known_ = std::move(known);
  last_.clear();
  timer_.stop();
  if (!known_.empty()) wheel_.start(timer_, kPeriod);
}

void FileWatch::take_note() {
  for (auto& [file, state] : known_) state = state_of(file);
}

void FileWatch::look() {
  States now;
  for (const auto& [file, state] : known_) now[file] = state_of(file);
  const bool at_rest = now == last_;
  last_ = now;
  wheel_.start(timer_, kPeriod);
  if (now == known_ || !at_rest) return;
  known_ = std::move(now);
  changed_();
}

}  // namespace dunlin
