// SPDX-License-Identifier: Apache-2.0
// Libraries: the plugin files that this process has opened, each from a private copy in memory.
//
// The dynamic loader hands back the old library for a path that is open already, and a file that is overwritten in place
// changes under those who run it. A copy of its own for each version of a file has neither trouble. Like the libraries,
// the copies stay for the life of the process: the loader knows them by the names of their descriptors. [setup]
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "dunlin/dunlin.h"

namespace dunlin {

class Libraries {
 public:
  Libraries() = default;
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;

  // As open_library() of module.h. A file whose bytes are those of a version that was opened before is that version.
  Result<const dunlin_module*> open(const std::string& directory, const std::string& name);
  // What the set-up thread does now, in words: that is what does not return, should it hang.
  void begins(std::string what);
  std::string latest() const;  // [any-thread]

 private:
  struct Version {
    std::string file;
    int copy;  // its descriptor
    Result<const dunlin_module*> module;  // or why it was refused
  };
  const Version* find(const std::string& file, std::string_view bytes) const;

  std::vector<Version> versions_;
  mutable std::mutex mutex_;
  std::string latest_;  // under mutex_
};

}  // namespace dunlin
