// SPDX-License-Identifier: Apache-2.0
// Progress: one line on standard error that is written over, where somebody looks at it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dunlin::bench {

class Progress {
 public:
  explicit Progress(bool quiet);
  ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::string_view what, double share);

 private:
  bool shown_ = false;
  bool wanted_;
  std::int64_t next_ms_ = 0;
};

}  // namespace dunlin::bench
