// SPDX-License-Identifier: Apache-2.0
// Scratch: what the shipped protocols remember of a connection: bytes that no script sees, that outlive a reload of the
// script, and that go with the connection. [worker]
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "dunlin/base.h"

namespace dunlin::lua {

class Scratch {
 public:
  // nullptr: it is not set. The pointer is good until the next change.
  const std::string* get(dunlin_conn conn, std::string_view key) const {
    const auto values = conns_.find(conn);
    if (values == conns_.end()) return nullptr;
    const auto value = values->second.find(key);
    return value == values->second.end() ? nullptr : &value->second;
  }
  std::string& at(dunlin_conn conn, std::string_view key) { return conns_[conn][std::string(key)]; }
  void remove(dunlin_conn conn, std::string_view key) {
    const auto values = conns_.find(conn);
    if (values == conns_.end()) return;
    if (const auto value = values->second.find(key); value != values->second.end()) values->second.erase(value);
    if (values->second.empty()) conns_.erase(values);
  }
  void remove(dunlin_conn conn) { conns_.erase(conn); }

 private:
  std::unordered_map<dunlin_conn, std::map<std::string, std::string, std::less<>>> conns_;
};

}  // namespace dunlin::lua
