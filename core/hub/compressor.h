// SPDX-License-Identifier: Apache-2.0
// Compressor: which form of a message a WebSocket client is sent. A message is compressed once, however many receive it
// and on however many workers: its compressed form belongs to it. [worker]
//
// Without context takeover nothing in a message refers back further than its own beginning. So one that is no longer
// than a client's window can be compressed with any window, and all clients share that; only longer ones have a form
// for each size of window that was agreed.
#pragma once

#include <cstddef>

#include "core/base/deflate.h"
#include "core/base/message.h"
#include "core/base/metrics.h"

namespace dunlin {

class Compressor final : private Message::FormMaker {
 public:
  explicit Compressor(Counters& counters) : counters_(counters) {}

  // For a client that agreed to a window of 2^bits bytes (0: to none), where messages of `threshold` bytes and more are
  // compressed. The message itself where that would not make it smaller.
  const MessageRef& choose(const MessageRef& message, unsigned bits, std::size_t threshold);

 private:
  MessageRef make_form(const Message& message, std::size_t form) override;

  Counters& counters_;
  Deflater deflater_;
};

}  // namespace dunlin
