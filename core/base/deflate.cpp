// SPDX-License-Identifier: Apache-2.0
#include "core/base/deflate.h"

#include <zlib.h>

#include <algorithm>

#include "core/base/check.h"

namespace dunlin {
namespace {

// Level 6 makes JSON a tenth smaller than level 3 and takes three times as long, on a loop that others wait for.
constexpr int kLevel = 3;
// 170 KB a stream instead of the 268 of zlib's default; what comes out differs by a thousandth.
constexpr int kMemory = 6;
constexpr std::size_t kKeep = 64 * 1024;  // a buffer that grew beyond is given back
constexpr std::size_t kFirst = 4 * 1024;  // an inflated message's first buffer
constexpr std::string_view kTail("\x00\x00\xff\xff", 4);  // RFC 7692, 7.2.1: not sent, and put back before inflating

Bytef* input_of(std::string_view bytes) { return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data())); }
Bytef* output_of(std::string& bytes, std::size_t at) { return reinterpret_cast<Bytef*>(bytes.data() + at); }

}  // namespace

Deflater::Deflater() = default;
Deflater::~Deflater() {
  for (const auto& stream : streams_)
    if (stream) deflateEnd(stream.get());
}

z_stream_s& Deflater::stream(unsigned bits) {
  CHECK(bits >= kMinWindowBits && bits <= kMaxWindowBits);
  auto& slot = streams_[bits - kMinWindowBits];
  if (!slot) {
    slot = std::make_unique<z_stream>();
    CHECK(deflateInit2(slot.get(), kLevel, Z_DEFLATED, -static_cast<int>(bits), kMemory, Z_DEFAULT_STRATEGY) == Z_OK);
  } else {
    CHECK(deflateReset(slot.get()) == Z_OK);
  }
  return *slot;
}

std::string_view Deflater::deflate(std::string_view payload, unsigned bits) {
  CHECK(payload.size() <= kMost);
  z_stream& stream = this->stream(bits);
  if (out_.capacity() > kKeep) std::string().swap(out_);
  constexpr std::size_t kFlush = 16;  // deflateBound knows of no flush, which must not be cut in two
  out_.resize(std::max(out_.size(), ::deflateBound(&stream, payload.size()) + kFlush));
  stream.next_in = input_of(payload);
  stream.avail_in = static_cast<uInt>(payload.size());
  stream.next_out = output_of(out_, 0);
  stream.avail_out = static_cast<uInt>(out_.size());
  CHECK(::deflate(&stream, Z_SYNC_FLUSH) == Z_OK && stream.avail_in == 0 && stream.avail_out > 0);
  const std::string_view made = std::string_view(out_).substr(0, out_.size() - stream.avail_out);
  CHECK(made.ends_with(kTail));
  return made.substr(0, made.size() - kTail.size());
}

Inflater::Inflater() = default;
Inflater::~Inflater() {
  if (stream_) inflateEnd(stream_.get());
}

void Inflater::release() {
  size_ = 0;
  if (out_.capacity() > kKeep) std::string().swap(out_);
}

// Twice as much, but never beyond one byte over the limit: that byte tells that there is more.
bool Inflater::grow(std::size_t limit) {
  if (size_ > limit) return false;
  if (size_ == out_.size()) out_.resize(std::min(std::max(out_.size() * 2, kFirst), limit + 1));
  return true;
}

Inflater::Step Inflater::feed(std::string_view input, std::size_t limit) {
  z_stream& stream = *stream_;
  stream.next_in = input_of(input);
  stream.avail_in = static_cast<uInt>(input.size());
  for (;;) {
    if (!grow(limit)) return Step::too_big;
    const std::size_t room = std::min<std::size_t>(out_.size() - size_, 1u << 30);
    stream.next_out = output_of(out_, size_);
    stream.avail_out = static_cast<uInt>(room);
    const int result = ::inflate(&stream, Z_SYNC_FLUSH);
    size_ += room - stream.avail_out;
    if (result == Z_STREAM_END) {
      // A final block: legal (RFC 7692, 7.2.3.4), and what follows begins anew.
      if (stream.avail_in == 0) return size_ > limit ? Step::too_big : Step::ended;
      if (inflateReset(&stream) != Z_OK) return Step::invalid;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return Step::invalid;
    } else if (stream.avail_out > 0) {
      return size_ > limit ? Step::too_big : Step::more;  // it wants more input than there is
    }
  }
}

Inflater::Outcome Inflater::inflate(std::string_view compressed, std::size_t limit) {
  if (!stream_) {
    stream_ = std::make_unique<z_stream>();
    CHECK(inflateInit2(stream_.get(), -static_cast<int>(kMaxWindowBits)) == Z_OK);
  } else {
    CHECK(inflateReset(stream_.get()) == Z_OK);
  }
  release();
  if (out_.size() > limit + 1) out_.resize(limit + 1);
  if (compressed.size() > ~uInt{0}) return Outcome::too_big;
  Step step = feed(compressed, limit);
  if (step == Step::more) {
    step = feed(kTail, limit);
    // Cut off in the middle of a block: what stands in for the missing bytes was taken for data.
    constexpr int kBetweenBlocks = 128;
    if (step == Step::more && (stream_->data_type & kBetweenBlocks) == 0) step = Step::invalid;
  }
  if (step == Step::too_big) return Outcome::too_big;
  return step == Step::invalid ? Outcome::invalid : Outcome::done;
}

}  // namespace dunlin
