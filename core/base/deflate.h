// SPDX-License-Identifier: Apache-2.0
// The two halves of permessage-deflate (RFC 7692) that are about bytes: one message in, one message out, nothing
// remembered between two ("no context takeover"). So one of each serves all connections of a worker. All [worker].
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;

namespace dunlin {

// LZ77 windows as RFC 7692 counts them; zlib makes no raw stream with the smallest that the RFC knows, 8.
inline constexpr unsigned kMinWindowBits = 9, kMaxWindowBits = 15;

class Deflater {
 public:
  Deflater();
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // What RFC 7692, 7.2.1 makes of `payload`, for a peer whose window has 2^bits bytes. Valid until the next call.
  // REQUIRES: payload.size() <= kMost
  static constexpr std::size_t kMost = std::size_t{1} << 30;  // zlib counts in 32 bits
  std::string_view deflate(std::string_view payload, unsigned bits);

 private:
  z_stream_s& stream(unsigned bits);

  std::unique_ptr<z_stream_s> streams_[kMaxWindowBits - kMinWindowBits + 1];  // made when first needed
  std::string out_;
};

class Inflater {
 public:
  enum class Outcome : std::uint8_t { done, too_big, invalid };

  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // RFC 7692, 7.2.2: `compressed` is a whole message. At most `limit` bytes come out, and little more than comes out is
  // allocated: what would be larger is too_big.
  Outcome inflate(std::string_view compressed, std::size_t limit);
  // What came out. Valid until the next call of release() or inflate().
  std::string_view message() const { return std::string_view(out_).substr(0, size_); }
  // A large message's memory is given back.
  void release();

 private:
  enum class Step : std::uint8_t { more, ended, too_big, invalid };
  Step feed(std::string_view input, std::size_t limit);
  bool grow(std::size_t limit);

  std::unique_ptr<z_stream_s> stream_;
  std::string out_;
  std::size_t size_ = 0;
};

}  // namespace dunlin
