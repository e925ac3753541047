// SPDX-License-Identifier: Apache-2.0
// FrameBundles: a turn's frames for each node, as one message of an engine that pays for messages more than for bytes. A
// frame alone travels as it is; several travel behind a byte that no frame begins with, each with its length before it.
// Pure logic; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin {

class FrameBundles {
 public:
  // `asks`: one of the frames is to be answered.
  using Send = std::function<void(std::uint64_t boot, bool asks, std::string_view message)>;

  explicit FrameBundles(Send send) : send_(std::move(send)) {}

  // Adds to the node's message, which goes first if it were over `most` bytes then.
  void add(std::uint64_t boot, bool asks, std::string_view frame, std::size_t most);
  // Sends what was gathered.
  void flush();

  // Calls `take` with each frame of a message; what is cut off in the middle, as it is.
  static void split(std::string_view message, const std::function<void(std::string_view frame)>& take);

 private:
  struct Bundle {
    std::uint64_t boot;
    bool asks = false;
    unsigned frames = 0;
    std::string bytes;
  };

  Bundle& of(std::uint64_t boot);
  void send(Bundle& bundle);

  Send send_;
  std::vector<Bundle> bundles_;  // few: a node talks to few others in one turn
};

}  // namespace dunlin
