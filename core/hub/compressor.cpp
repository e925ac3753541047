// SPDX-License-Identifier: Apache-2.0
#include "core/hub/compressor.h"

namespace dunlin {

static_assert(Message::kForms == kMaxWindowBits - kMinWindowBits + 1, "a form for each size of window");

const MessageRef& Compressor::choose(const MessageRef& message, unsigned bits, std::size_t threshold) {
  const std::size_t size = message->payload().size();
  if (bits == 0 || size < threshold || size > Deflater::kMost) return message;
  if (size <= std::size_t{1} << bits) bits = kMaxWindowBits;
  const MessageRef& form = message->form(bits - kMinWindowBits, *this);
  return form ? form : message;
}

MessageRef Compressor::make_form(const Message& message, std::size_t form) {
  const std::string_view payload = message.payload();
  const std::string_view small = deflater_.deflate(payload, kMinWindowBits + static_cast<unsigned>(form));
  const bool smaller = small.size() < payload.size();
  counters_.add(Counter::compressed);
  counters_.add(Counter::compressed_before, payload.size());
  counters_.add(Counter::compressed_after, smaller ? small.size() : payload.size());
  return smaller ? Message::compressed(message.kind(), small) : MessageRef();
}

}  // namespace dunlin
