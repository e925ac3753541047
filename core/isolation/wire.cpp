// SPDX-License-Identifier: Apache-2.0
#include "core/isolation/wire.h"

namespace dunlin {

void WireBuffer::add(std::string_view bytes) {
  if (at_ > 0) bytes_.erase(0, at_);
  at_ = 0;
  bytes_.append(bytes);
}

std::optional<std::string_view> WireBuffer::next() {
  std::uint32_t size = 0;
  const std::string_view rest = std::string_view(bytes_).substr(at_);
  if (flawed_ || rest.size() < sizeof size) return std::nullopt;
  std::memcpy(&size, rest.data(), sizeof size);
  flawed_ = size == 0 || size > kLargest;
  if (flawed_ || rest.size() - sizeof size < size) return std::nullopt;
  at_ += sizeof size + size;
  return rest.substr(sizeof size, size);
}

}  // namespace dunlin
