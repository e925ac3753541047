// SPDX-License-Identifier: Apache-2.0
// WsContexts: the lws contexts of one worker, each for a range of descriptors.
//
// A context has a table of as many entries as the process may have descriptors when it is created, and looks through all
// of them each time that a plain connection ends. A process is given the lowest number that is free: so low numbers go to
// a context with a short table, and only who has many connections pays for a long one (docs/decisions/0015 has figures).
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/result.h"

struct lws_context;
struct lws_context_creation_info;

namespace dunlin {

// Where each range ends, ascending; the last at `limit`, the first well above `lowest`, the lowest number that is free.
std::vector<int> descriptor_ranges(int lowest, int limit);

// All [worker], but for create().
class WsContexts {
 public:
  // Creates as many alike contexts as there are ranges, or only that of all descriptors. [setup] REQUIRES: no connection is
  // accepted yet, and nobody opens more than a few files meanwhile: there may be fewer of them then.
  Status create(const lws_context_creation_info& info, bool ranges);

  std::size_t size() const { return contexts_.size(); }
  lws_context* operator[](std::size_t i) const { return contexts_[i]; }
  // The one whose range `fd` is in.
  std::size_t of(int fd) const;

  // Begins to destroy them. On a foreign loop that takes two steps: the second when their handles have closed.
  void close();
  void finish_close();
  bool finished() const { return contexts_.empty(); }

 private:
  std::vector<int> ends_;
  std::vector<lws_context*> contexts_;
};

}  // namespace dunlin
