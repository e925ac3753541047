// SPDX-License-Identifier: Apache-2.0
// MissedLedger: how many messages of which node a silent one would have been sent. All nodes keep it and tell it to the one
// that was silent until that has counted it: so it is counted where it is missed, once, though its publisher may be gone by
// then. A row only grows: to hear of it twice changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace dunlin {

class MissedLedger {
 public:
  // As they travel: receiver, publisher, messages, one row after the other.
  using Rows = std::vector<std::uint64_t>;

  // `until`: when it is forgotten.
  void add(std::uint64_t receiver, std::uint64_t publisher, std::uint64_t messages, std::int64_t until) {
    Row& row = rows_[{receiver, publisher}];
    row.messages += messages;
    row.until = until;
  }
  // Says how many more it are than was known.
  std::uint64_t learn(std::uint64_t receiver, std::uint64_t publisher, std::uint64_t messages, std::int64_t until) {
    Row& row = rows_[{receiver, publisher}];
    const std::uint64_t more = messages > row.messages ? messages - row.messages : 0;
    row.messages += more;
    row.until = until;
    return more;
  }
  // The receiver has counted so many.
  void counted(std::uint64_t receiver, std::uint64_t publisher, std::uint64_t messages) {
    const auto found = rows_.find({receiver, publisher});
    if (found != rows_.end() && found->second.counted < messages) found->second.counted = messages;
  }
  // What it has not counted as far as is known.
  Rows due_to(std::uint64_t receiver) const {
    return pick([receiver](const Key& key) { return key.first == receiver; });
  }
  Rows due_from(std::uint64_t publisher) const {
    return pick([publisher](const Key& key) { return key.second == publisher; });
  }
  void expire(std::int64_t now) {
    std::erase_if(rows_, [now](const auto& row) { return row.second.until <= now; });
  }

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;
  struct Row {
    std::uint64_t messages = 0, counted = 0;
    std::int64_t until = 0;
  };

  template <class Wanted>
  Rows pick(Wanted wanted) const {
    Rows rows;
    for (const auto& [key, row] : rows_)
      if (row.messages > row.counted && wanted(key)) rows.insert(rows.end(), {key.first, key.second, row.messages});
    return rows;
  }

  std::map<Key, Row> rows_;
};

}  // namespace dunlin
