// SPDX-License-Identifier: Apache-2.0
#include "core/net/packet_reader.h"

#include "core/base/check.h"

namespace dunlin {

void PacketReader::begin(std::string_view arrived) {
  CHECK(!reading_);
  reading_ = true;
  if (held_.empty()) {
    view_ = arrived;
  } else {
    held_ += arrived;
    view_ = held_;
  }
}

PacketReader::Next PacketReader::next(const Length& length, std::string_view& packet) {
  if (view_.empty()) return Next::wait;
  if (needed_ == 0) {
    cleared_ = false;
    const std::int64_t answer = length(view_);
    if (answer < 0) return answer == -1 ? Next::dropped : Next::fault;
    if (cleared_) return Next::wait;  // it was the length of something that is no more
    if (static_cast<std::uint64_t>(answer) > most_) return Next::too_big;
    needed_ = static_cast<std::size_t>(answer);
    if (needed_ == 0) return view_.size() >= buffer_ ? Next::too_big : Next::wait;
  }
  if (view_.size() < needed_) return Next::wait;
  packet = view_.substr(0, needed_);
  view_.remove_prefix(needed_);
  needed_ = 0;
  return Next::packet;
}

void PacketReader::end() {
  reading_ = false;
  if (view_.empty()) {
    std::string().swap(held_);  // an idle connection keeps no buffer
  } else if (held_.empty()) {
    held_ = view_;
  } else {
    held_.erase(0, held_.size() - view_.size());
  }
  view_ = {};
}

void PacketReader::clear() {
  cleared_ = true;
  needed_ = 0;
  if (reading_) view_ = {};  // the bytes stay until end(): whoever clears may be reading them
  else std::string().swap(held_);
}

}  // namespace dunlin
