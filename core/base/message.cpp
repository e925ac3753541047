// SPDX-License-Identifier: Apache-2.0
#include "core/base/message.h"

#include <algorithm>
#include <new>

namespace dunlin {
namespace {

// Writes the header of RFC 6455, 5.2; returns its length.
std::uint8_t write_header(Kind kind, std::size_t payload, unsigned char (&out)[10]) {
  constexpr unsigned kFinal = 0x80;
  out[0] = static_cast<unsigned char>(kFinal | static_cast<unsigned>(kind));
  if (payload < 126) {
    out[1] = static_cast<unsigned char>(payload);
    return 2;
  }
  const int bytes = payload <= 0xffff ? 2 : 8;
  out[1] = bytes == 2 ? 126 : 127;
  for (int i = 0; i < bytes; ++i) out[2 + i] = static_cast<unsigned char>(payload >> 8 * (bytes - 1 - i));
  return static_cast<std::uint8_t>(2 + bytes);
}

}  // namespace

MessageRef Message::make(Kind kind, std::string_view payload) {
  unsigned char header[10];
  const std::uint8_t length = write_header(kind, payload.size(), header);
  return assemble(kind, {reinterpret_cast<const char*>(header), length}, payload);
}

MessageRef Message::raw(std::string_view bytes) { return assemble(Kind::binary, {}, bytes); }

MessageRef Message::assemble(Kind kind, std::string_view header, std::string_view payload) {
  const std::size_t size = header.size() + payload.size();
  void* memory = ::operator new(sizeof(Message) + size);
  auto* message = new (memory) Message(kind, static_cast<std::uint8_t>(header.size()), size);
  char* to = std::copy(header.begin(), header.end(), message->bytes());
  std::copy(payload.begin(), payload.end(), to);
  return MessageRef(message);
}

void Message::destroy(Message* message) noexcept {
  message->~Message();
  ::operator delete(message);
}

}  // namespace dunlin
