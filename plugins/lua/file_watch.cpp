// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/file_watch.h"

#include <sys/stat.h>

namespace dunlin::lua {
namespace {

// Changes when the file is written or replaced. 0: there is no such file.
std::int64_t stamp_of(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) return 0;
  const std::int64_t written = static_cast<std::int64_t>(file.st_mtim.tv_sec) * 1'000'000'000 + file.st_mtim.tv_nsec;
  return written ^ (static_cast<std::int64_t>(file.st_ino) << 1) ^ (static_cast<std::int64_t>(file.st_size) << 20);
}

}  // namespace

void FileWatch::add(const std::string& path) { files_.emplace_back(path, stamp_of(path)); }

bool FileWatch::changed() const {
  for (const auto& [path, stamp] : files_) {
    if (stamp_of(path) != stamp) return true;
  }
  return false;
}

}  // namespace dunlin::lua
