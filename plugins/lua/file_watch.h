// SPDX-License-Identifier: Apache-2.0
// FileWatch: the files that a script is made of, and whether one of them has changed since it was read.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace dunlin::lua {

class FileWatch {
 public:
  // Remembers how the file is now; one that is not there is watched too, for the day it appears.
  void add(const std::string& path);
  bool changed() const;

 private:
  std::vector<std::pair<std::string, std::int64_t>> files_;
};

}  // namespace dunlin::lua
