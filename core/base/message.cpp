// SPDX-License-Identifier: Apache-2.0
#include "core/base/message.h"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <new>

#include "core/base/check.h"

namespace dunlin {
namespace {

constexpr unsigned kFinal = 0x80, kCompressed = 0x40;  // RSV1: RFC 7692, 6

// Writes the header of RFC 6455, 5.2; returns its length.
std::uint8_t write_header(unsigned first, std::size_t payload, unsigned char (&out)[10]) {
  out[0] = static_cast<unsigned char>(first);
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

struct Message::Forms {
  struct Form {
    std::once_flag once;
    MessageRef message;
  };
  std::array<Form, kForms> all;
};

MessageRef Message::make(Kind kind, std::string_view payload) {
  return frame_of(kind, kFinal | static_cast<unsigned>(kind), payload);
}

MessageRef Message::compressed(Kind kind, std::string_view payload) {
  return frame_of(kind, kFinal | kCompressed | static_cast<unsigned>(kind), payload);
}

MessageRef Message::frame_of(Kind kind, unsigned first, std::string_view payload) {
  unsigned char header[10];
  const std::uint8_t length = write_header(first, payload.size(), header);
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

const MessageRef& Message::form(std::size_t number, FormMaker& maker) const {
  CHECK(number < kForms);
  Forms* forms = forms_.load(std::memory_order_acquire);
  if (!forms) {
    auto fresh = std::make_unique<Forms>();
    if (forms_.compare_exchange_strong(forms, fresh.get(), std::memory_order_acq_rel)) forms = fresh.release();
  }
  Forms::Form& form = forms->all[number];
  std::call_once(form.once, [&] { form.message = maker.make_form(*this, number); });
  return form.message;
}

void Message::destroy(Message* message) noexcept {
  delete message->forms_.load(std::memory_order_acquire);
  message->~Message();
  ::operator delete(message);
}

}  // namespace dunlin
