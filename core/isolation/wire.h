// SPDX-License-Identifier: Apache-2.0
// What goes over the socket between the server and a module's own process: frames of
//
//   size (4 bytes, of what follows) | kind (1) | numbers in the machine's own order, texts as size (4) and bytes
//
// Both ends are the same program. What comes from the other is still looked at: the module may have written over it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace dunlin {

enum class FrameKind : std::uint8_t {
  // To the process.
  start = 1,  // Start: load and configure
  create,
  check,      // ticket, connection, source, token, and perhaps a Visit
  cancel,     // ticket, reason
  ping,
  // From it.
  configured = 64,  // Configured
  created,          // why not, or nothing; whether it reads connections
  answer,           // ticket, Said
  define,           // a figure: kind, name, help, labels; they are numbered from 1
  figures,          // number and what was added, or the gauge's value; …
  pong,
};

// Writes one frame behind what `out` holds; it is whole when this is destroyed.
class WireWriter {
 public:
  WireWriter(std::string& out, FrameKind kind) : out_(out), at_(out.size()) {
    out_.append(sizeof(std::uint32_t), '\0');
    number(kind);
  }
  ~WireWriter() {
    const auto size = static_cast<std::uint32_t>(out_.size() - at_ - sizeof(std::uint32_t));
    std::memcpy(out_.data() + at_, &size, sizeof size);
  }
  WireWriter(const WireWriter&) = delete;
  WireWriter& operator=(const WireWriter&) = delete;

  template <class Number>
  WireWriter& number(Number value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  WireWriter& text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
    return *this;
  }

 private:
  std::string& out_;
  std::size_t at_;
};

// Reads one. What is not there reads as nothing, and ok() tells.
class WireReader {
 public:
  explicit WireReader(std::string_view frame) : rest_(frame) {}

  template <class Number>
  Number number() {
    Number value{};
    if (const std::string_view bytes = take(sizeof value); bytes.size() == sizeof value)
      std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  bool flag() { return number<std::uint8_t>() == 1; }
  FrameKind kind() { return static_cast<FrameKind>(number<std::uint8_t>()); }
  std::string_view text() { return take(number<std::uint32_t>()); }

  bool ok() const { return ok_; }
  bool ended() const { return rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// Frames out of bytes as they come.
class WireBuffer {
 public:
  static constexpr std::size_t kLargest = 64 * 1024 * 1024;

  void add(std::string_view bytes);
  // The next whole one, without its size; it lives until the next call. Nothing: it has not come yet.
  std::optional<std::string_view> next();
  bool flawed() const { return flawed_; }  // a size that cannot be: nothing is found from here on

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  bool flawed_ = false;
};

}  // namespace dunlin
