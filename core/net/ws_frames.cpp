// SPDX-License-Identifier: Apache-2.0
#include "core/net/ws_frames.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "core/base/json.h"

namespace dunlin {
namespace {

constexpr unsigned kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPong = 10;
constexpr std::size_t kMaxControl = 125;
constexpr std::size_t kKeep = 64 * 1024;  // a buffer that grew beyond is given back
constexpr int kProtocolError = 1002, kNotUtf8 = 1007, kTooBig = 1009;

// Eight bytes at a time: the mask repeats every four.
void unmask(char* data, std::size_t size, const char* mask) {
  std::uint32_t four;
  std::memcpy(&four, mask, sizeof(four));
  const std::uint64_t eight = std::uint64_t{four} << 32 | four;
  std::size_t i = 0;
  for (; i + sizeof(eight) <= size; i += sizeof(eight)) {
    std::uint64_t block;
    std::memcpy(&block, data + i, sizeof(block));
    block ^= eight;
    std::memcpy(data + i, &block, sizeof(block));
  }
  for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ mask[i % 4]);
}

bool is_control(unsigned opcode) { return opcode >= kClose; }

}  // namespace

FrameReader::Header FrameReader::read_header(const unsigned char* data, std::size_t size) const {
  Header header;
  if (size < 2) return header;
  header.opcode = data[0] & 0x0fu;
  header.final = (data[0] & 0x80u) != 0;
  if ((data[0] & 0x70u) != 0) return header.fault = {kProtocolError, "a reserved bit is set"}, header;
  if ((data[1] & 0x80u) == 0) return header.fault = {kProtocolError, "a client's frame must be masked"}, header;
  const unsigned small = data[1] & 0x7fu;
  const std::size_t extended = small == 126 ? 2 : small == 127 ? 8 : 0;
  if (size < 2 + extended + 4) return header;
  std::uint64_t payload = small;
  if (extended > 0) {
    payload = 0;
    for (std::size_t i = 0; i < extended; ++i) payload = payload << 8 | data[2 + i];
  }
  // Before the sum: a length near 2^64 must not wrap.
  if (payload > max_message_) return header.fault = {kTooBig, "message too big"}, header;
  header.payload = static_cast<std::size_t>(payload);
  header.length = 2 + extended + 4;
  return header;
}

FrameReader::Fault FrameReader::check_header(const Header& header) const {
  if (is_control(header.opcode)) {
    if (header.opcode > kPong) return {kProtocolError, "unknown opcode"};
    if (!header.final || header.payload > kMaxControl) return {kProtocolError, "a control frame is fragmented or too long"};
    return {};
  }
  if (header.opcode > kBinary) return {kProtocolError, "unknown opcode"};
  if ((header.opcode == kContinuation) != fragmented_)
    return {kProtocolError, fragmented_ ? "a new message inside a fragmented one" : "a continuation of nothing"};
  if (message_.size() + header.payload > max_message_) return {kTooBig, "message too big"};
  return {};
}

FrameReader::Fault FrameReader::feed(char* data, std::size_t size) {
  if (ended_ || (size == 0 && kept_.empty())) return {};
  std::size_t used = 0;
  Fault fault;
  if (kept_.empty()) {
    fault = read(data, size, used);
    if (fault.code == 0) kept_.assign(data + used, size - used);
  } else {
    kept_.append(data, size);
    std::string input;
    input.swap(kept_);  // a listener may look at holds_input()
    fault = read(input.data(), input.size(), used);
    if (fault.code == 0 && used < input.size()) {
      input.erase(0, used);
      kept_.swap(input);
    } else if (input.capacity() <= kKeep) {
      input.clear();
      kept_.swap(input);  // for its memory
    }
  }
  if (fault.code != 0) {
    ended_ = true;
    std::string().swap(kept_);
    std::string().swap(message_);
  }
  return fault;
}

FrameReader::Fault FrameReader::read(char* data, std::size_t size, std::size_t& used) {
  for (bool go_on = true; go_on && used < size;) {
    const Header header = read_header(reinterpret_cast<const unsigned char*>(data + used), size - used);
    if (header.fault.code != 0) return header.fault;
    if (header.length == 0) return {};
    if (const Fault fault = check_header(header); fault.code != 0) return fault;
    if (size - used < header.length + header.payload) return {};
    char* payload = data + used + header.length;
    unmask(payload, header.payload, payload - 4);
    used += header.length + header.payload;
    if (const Fault fault = take(header, payload, go_on); fault.code != 0) return fault;
  }
  return {};
}

FrameReader::Fault FrameReader::take(const Header& header, char* payload, bool& go_on) {
  std::string_view data(payload, header.payload);
  if (is_control(header.opcode)) {
    go_on = listener_.on_control(header.opcode, data);
    return {};
  }
  if (header.opcode != kContinuation) kind_ = header.opcode == kText ? Kind::text : Kind::binary;
  const bool whole = header.final && !fragmented_;
  fragmented_ = !header.final;
  if (!whole) {
    message_ += data;
    if (fragmented_) return {};
    data = message_;
  }
  if (kind_ == Kind::text && !is_utf8(data)) return {kNotUtf8, "text is not UTF-8"};
  go_on = listener_.on_message(kind_, data);
  if (message_.capacity() > kKeep) std::string().swap(message_);
  message_.clear();
  return {};
}

void append_frame(std::string& out, unsigned opcode, std::string_view payload) {
  out += static_cast<char>(0x80u | opcode);
  if (payload.size() < 126) {
    out += static_cast<char>(payload.size());
  } else {
    const int bytes = payload.size() <= 0xffff ? 2 : 8;
    out += bytes == 2 ? '\x7e' : '\x7f';
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(payload.size() >> 8 * i & 0xff);
  }
  out += payload;
}

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char sum[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), sum);
  unsigned char out[4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1];
  const int length = EVP_EncodeBlock(out, sum, sizeof(sum));
  return std::string(reinterpret_cast<const char*>(out), static_cast<std::size_t>(length));
}

}  // namespace dunlin
