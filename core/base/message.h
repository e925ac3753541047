// SPDX-License-Identifier: Apache-2.0
// Message: one payload and its WebSocket frame, built once and shared, immutable, by every worker and recipient.
//
// The frame is a server's: final, unmasked (RFC 6455, 5.2). Header and payload lie in one allocation together with the
// reference count: [Message][header, 2 to 10 bytes][payload]. A message may have further forms (the same, compressed),
// which are made when first asked for and live as long as it does.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace dunlin {

// The WebSocket opcodes; the last two are control frames, which only a transport makes.
enum class Kind : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9 };

class Message;

// A counted reference to an immutable message; may be handed between threads.
class MessageRef {
 public:
  MessageRef() = default;
  MessageRef(const MessageRef& other) noexcept;
  MessageRef(MessageRef&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
  MessageRef& operator=(MessageRef other) noexcept {
    std::swap(message_, other.message_);
    return *this;
  }
  ~MessageRef();

  const Message* operator->() const noexcept { return message_; }
  explicit operator bool() const noexcept { return message_ != nullptr; }

 private:
  friend class Message;
  explicit MessageRef(Message* message) noexcept : message_(message) {}
  Message* message_ = nullptr;
};

class Message {
 public:
  // REQUIRES: a text payload is UTF-8: who takes bytes from outside checks them.
  static MessageRef make(Kind kind, std::string_view payload);
  // Bytes that go out as they are, without a frame: frame() and payload() are the same.
  static MessageRef raw(std::string_view bytes);
  // A frame whose payload is a message of `kind`, compressed as RFC 7692 says: RSV1 is set.
  static MessageRef compressed(Kind kind, std::string_view payload);

  Kind kind() const noexcept { return kind_; }
  std::string_view frame() const noexcept { return {bytes(), size_}; }
  std::string_view payload() const noexcept { return frame().substr(header_); }

  // Makes a form of this message; what it returns may be nothing.
  class FormMaker {
   public:
    virtual MessageRef make_form(const Message& message, std::size_t form) = 0;

   protected:
    ~FormMaker() = default;
  };
  static constexpr std::size_t kForms = 7;
  // The form of that number, below kForms: made by whoever asks first, on whatever thread. Others that ask meanwhile wait,
  // which takes them no longer than to make it themselves would. Lives as long as the message.
  const MessageRef& form(std::size_t number, FormMaker& maker) const;

 private:
  friend class MessageRef;
  struct Forms;
  Message(Kind kind, std::uint8_t header, std::size_t size) noexcept : size_(size), kind_(kind), header_(header) {}
  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  static MessageRef frame_of(Kind kind, unsigned first, std::string_view payload);
  static MessageRef assemble(Kind kind, std::string_view header, std::string_view payload);
  static void destroy(Message* message) noexcept;

  mutable std::atomic<Forms*> forms_{nullptr};
  std::size_t size_;
  std::atomic<std::uint32_t> references_{1};
  Kind kind_;
  std::uint8_t header_;
};

inline MessageRef::MessageRef(const MessageRef& other) noexcept : message_(other.message_) {
  if (message_) message_->references_.fetch_add(1, std::memory_order_relaxed);
}

inline MessageRef::~MessageRef() {
  if (message_ && message_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) Message::destroy(message_);
}

}  // namespace dunlin
