// SPDX-License-Identifier: Apache-2.0
// PacketReader: cuts a stream of bytes into packets whose length somebody else tells. Pure logic; holds memory only while
// an unfinished packet waits. [worker]
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace dunlin {

class PacketReader {
 public:
  // The length of the packet that `unread` begins with; 0: unknown yet; -1: no such protocol; less: a fault.
  using Length = std::function<std::int64_t(std::string_view unread)>;
  enum class Next {
    packet,
    wait,     // for more bytes
    dropped,  // `Length` said so
    fault,    // `Length` failed
    too_big,  // the packet is over `packet`, or what waits for its length has reached `buffer`
  };

  // Of one packet, and of what may wait for its length to be told (0: as much).
  void limit(std::size_t packet, std::size_t buffer) {
    most_ = packet;
    buffer_ = buffer ? buffer : packet;
  }

  // `arrived` comes behind what waits. It is read in place: end() must follow while it is still there.
  // REQUIRES: a NUL follows it
  void begin(std::string_view arrived = {});
  // The next packet into `packet`, which lives until end().
  Next next(const Length& length, std::string_view& packet);
  // Keeps what is left.
  void end();

  // Forgets what is left; may be called from `length`.
  void clear();

  std::size_t size() const { return reading_ ? view_.size() : held_.size(); }

 private:
  std::size_t most_ = 0, buffer_ = 0;
  std::string held_;       // between end() and begin(), what is left
  std::string_view view_;  // in between: what is left, in held_ or in what arrived
  std::size_t needed_ = 0;  // the packet's length, where it is known; 0: ask
  bool reading_ = false;
  bool cleared_ = false;
};

}  // namespace dunlin
