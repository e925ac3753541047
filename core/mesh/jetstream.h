// SPDX-License-Identifier: Apache-2.0
// How JetStream is spoken to: its subjects, requests and answers (docs/decisions/0011-jetstream-by-its-requests.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dunlin::jetstream {

// Which message of a stream it is: the time tells it from one that has its number in a later stream of the same name.
struct Origin {
  std::uint64_t sequence = 0;  // 0: it is none
  std::uint64_t time = 0;
};

// From the address that a message came with for its acknowledgement.
Origin origin_of(std::string_view reply);

// In an answer: 0: none; -1: it is no answer of JetStream's.
int error_in(std::string_view status, std::string_view answer);

// What has become of a message, by its answer. full: of its topic, or of all; not_now: nobody leads the stream, or the answer
// to an earlier try is still due.
enum class Kept { yes, full, too_large, not_now, no };
Kept kept(std::string_view status, std::string_view answer);

constexpr int kOtherSettings = 10058;
bool too_few_servers(int error);  // for the copies that are asked for

// `subjects`: all that it keeps; `size`: messages of one subject. A message with the id of another of the last minute is that one.
std::string stream_config(std::string_view name, std::string_view subjects, std::size_t size, unsigned replicas);
std::string consumer_config(std::string_view stream, std::string_view name, std::string_view subject, std::int64_t ack_ms);

// How many messages of a subject the stream holds, in its answer to `subjects_filter`; 0: it does not say.
std::size_t count_in(std::string_view status, std::string_view answer, const std::string& subject);

}  // namespace dunlin::jetstream
