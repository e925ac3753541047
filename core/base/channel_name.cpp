// SPDX-License-Identifier: Apache-2.0
#include "core/base/channel_name.h"

#include <algorithm>

#include "core/base/json.h"

namespace dunlin {

bool valid_channel(std::string_view name) {
  if (name.empty() || name.size() > 255) return false;
  const auto control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  return std::none_of(name.begin(), name.end(), control) && is_utf8(name);
}

}  // namespace dunlin
