// SPDX-License-Identifier: Apache-2.0
// How JetStream is spoken to: its subjects, requests and answers (docs/decisions/0011-jetstream-by-its-requests.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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

// What has become of a message, by its answer. full: there is no room for more; not_now: nobody leads the stream.
enum class Kept { yes, full, too_large, not_now, no };
Kept kept(std::string_view status, std::string_view answer);
std::uint64_t sequence_in(std::string_view answer);  // of a message that is kept

constexpr int kOtherSettings = 10058;
bool too_few_servers(int error);  // for the copies that are asked for

// `subjects`: all that it keeps. Without limits and without ids of messages, by both of which its servers may come to
// differ (docs/decisions/0016-messages-of-no-meaning.md).
std::string stream_config(std::string_view name, std::string_view subjects, unsigned replicas);
std::string consumer_config(std::string_view stream, std::string_view name, std::string_view subject, std::int64_t ack_ms);

// What the stream's leader says of it, asked for a subject. Nothing: nobody leads it.
struct Held {
  std::size_t messages = 0;  // of the subject
  std::uint64_t last = 0;    // of all there have ever been
  std::string leader;        // "": a server that is no cluster
  bool copies = false;       // other servers have it too
};
std::optional<Held> held(std::string_view status, std::string_view answer, const std::string& subject);

// Asks for the first message of a subject that has this sequence, or a later one.
std::string next_of(std::string_view subject, std::uint64_t from);

// A message that was asked for.
struct Found {
  std::uint64_t sequence = 0;  // 0: there is none
  std::string data;
};
Found found(std::string_view status, std::string_view answer);
std::string deletion_of(std::uint64_t sequence);

// What a consumer says of itself.
struct Progress {
  bool known = false;             // and all of its servers know it
  std::uint64_t done_with = 0;    // with all messages up to this sequence
  std::uint64_t passed = 0;       // up to this one it has handed out all
  std::uint64_t handed_out = 0;   // how many, those included that came again
  bool asked = false;             // somebody waits for more …
  bool more = false;              // … and there are some that it has never handed out
};
Progress progress(std::string_view status, std::string_view answer);

// Up to which sequence it hands out nothing any more, if it was so far the time before: what it is done with; or all that it
// has passed, if it has been asked for more and has handed out nothing meanwhile, not even again.
std::uint64_t left_behind(const Progress& before, const Progress& now);
// It has some to hand out and does not.
bool stuck(const Progress& before, const Progress& now);

}  // namespace dunlin::jetstream
