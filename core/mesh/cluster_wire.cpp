// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/cluster_wire.h"

namespace dunlin::wire {

std::string write(Type type, std::size_t expected) {
  std::string out;
  out.reserve(expected);
  out.push_back(static_cast<char>(kVersion));
  out.push_back(static_cast<char>(type));
  return out;
}

void put(std::string& out, std::uint64_t value) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> 8 * i);
  out.append(bytes, sizeof(bytes));
}

void put(std::string& out, std::string_view value) {
  put(out, std::uint64_t{value.size()});
  out.append(value);
}

void put(std::string& out, const std::vector<std::uint64_t>& value) {
  put(out, std::uint64_t{value.size()});
  for (const std::uint64_t one : value) put(out, one);
}

void put(std::string& out, const std::vector<std::string_view>& value) {
  put(out, std::uint64_t{value.size()});
  for (const std::string_view one : value) put(out, one);
}

void put_at(std::string& out, std::size_t place, std::uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i) out[place + i] = static_cast<char>(value >> 8 * i);
}

void Reader::operator()(std::uint64_t& value) {
  if (!good_ || left_.size() < 8) {
    good_ = false;
    return;
  }
  value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{static_cast<unsigned char>(left_[i])} << 8 * i;
  left_.remove_prefix(8);
}

// How many of at least `each` bytes follow; more than there are bytes for is a fault.
std::size_t Reader::length(std::size_t each) {
  std::uint64_t count = 0;
  (*this)(count);
  if (good_ && count <= left_.size() / each) return static_cast<std::size_t>(count);
  good_ = false;
  return 0;
}

void Reader::operator()(std::string_view& value) {
  const std::size_t size = length(1);
  value = left_.substr(0, size);
  left_.remove_prefix(size);
}

void Reader::operator()(std::vector<std::uint64_t>& value) {
  value.resize(length(8));
  for (std::uint64_t& one : value) (*this)(one);
}

void Reader::operator()(std::vector<std::string_view>& value) {
  value.resize(length(8));
  for (std::string_view& one : value) (*this)(one);
}

bool type_of(std::string_view frame, Type& type) {
  if (frame.size() < 2 || static_cast<std::uint8_t>(frame[0]) != kVersion) return false;
  const auto number = static_cast<std::uint8_t>(frame[1]);
  if (number < static_cast<std::uint8_t>(Type::heartbeat) || number > static_cast<std::uint8_t>(Type::heard)) return false;
  type = static_cast<Type>(number);
  return true;
}

}  // namespace dunlin::wire
