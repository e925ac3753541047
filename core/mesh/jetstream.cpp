// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/jetstream.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/base64.h"
#include "core/base/json.h"

namespace dunlin::jetstream {
namespace {

constexpr std::int64_t kNanoseconds = 1'000'000;         // of a millisecond
constexpr int kNotStored = 10077, kTooLarge = 10054;
constexpr int kNoRoom[] = {10047, 10023, 10025};         // storage, resources
constexpr int kTooFewServers[] = {10074, 10005};         // a server that is no cluster, a cluster with fewer

constexpr std::int64_t kUnavailable = 503;

template <std::size_t Count>
bool one_of(const int (&codes)[Count], std::int64_t code) {
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

std::int64_t integer(const json::Value& object, const char* name, std::int64_t otherwise) {
  const json::Value* value = object.IsObject() ? json::member(object, name) : nullptr;
  return value && value->IsInt64() ? value->GetInt64() : otherwise;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_idle(const Progress& before, const Progress& now) {
  return before.known && now.known && before.asked && now.asked && before.handed_out == now.handed_out;
}

}  // namespace

// $JS.ACK[.domain.account].stream.consumer.delivered.SEQUENCE.sequence.TIME.pending[.random]
Origin origin_of(std::string_view reply) {
  std::vector<std::string_view> tokens;
  while (true) {
    const std::size_t dot = reply.find('.');
    tokens.push_back(reply.substr(0, dot));
    if (dot == std::string_view::npos) break;
    reply.remove_prefix(dot + 1);
  }
  if (tokens.size() < 9) return {};
  const std::size_t place = tokens.size() == 9 ? 5 : 7;
  return {number(tokens[place]), number(tokens[place + 2])};
}

int error_in(std::string_view status, std::string_view text) {
  const auto answer = json::parse(text);
  if (!status.empty() || !answer || !answer->IsObject()) return -1;
  const json::Value* error = json::member(*answer, "error");
  return !error ? 0 : static_cast<int>(integer(*error, "err_code", -1));
}

Kept kept(std::string_view status, std::string_view text) {
  if (!status.empty()) return Kept::not_now;
  const auto answer = json::parse(text);
  if (!answer || !answer->IsObject()) return Kept::no;
  const json::Value* error = json::member(*answer, "error");
  if (!error) return integer(*answer, "seq", 0) > 0 ? Kept::yes : Kept::no;
  const std::int64_t code = integer(*error, "err_code", -1);
  if (code == kTooLarge) return Kept::too_large;
  const json::Value* why = error->IsObject() ? json::member(*error, "description") : nullptr;
  const bool bound = why && why->IsString() && json::text_of(*why).find("maximum") != std::string_view::npos;
  if (one_of(kNoRoom, code) || (code == kNotStored && bound)) return Kept::full;
  return integer(*error, "code", 0) == kUnavailable ? Kept::not_now : Kept::no;
}

std::uint64_t sequence_in(std::string_view text) {
  const auto answer = json::parse(text);
  return answer ? static_cast<std::uint64_t>(integer(*answer, "seq", 0)) : 0;
}

bool too_few_servers(int error) { return one_of(kTooFewServers, error); }

std::string stream_config(std::string_view name, std::string_view subjects, unsigned replicas) {
  return fmt::format(
      R"({{"name":"{}","subjects":["{}"],"retention":"workqueue","storage":"file","discard":"new",)"
      R"("max_msgs_per_subject":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_consumers":-1,"num_replicas":{}}})",
      name, subjects, replicas);
}

std::string consumer_config(std::string_view stream, std::string_view name, std::string_view subject, std::int64_t ack_ms) {
  return fmt::format(
      R"({{"stream_name":"{}","config":{{"durable_name":"{}","ack_policy":"explicit","ack_wait":{},"deliver_policy":"all",)"
      R"("filter_subject":"{}","replay_policy":"instant","max_deliver":-1,"max_ack_pending":65536,"max_waiting":4096}}}})",
      stream, name, ack_ms * kNanoseconds, subject);
}

std::optional<Held> held(std::string_view status, std::string_view answer, const std::string& subject) {
  if (error_in(status, answer) != 0) return std::nullopt;
  const auto info = json::parse(answer);
  Held held;
  if (const json::Value* state = json::member(*info, "state")) {
    held.last = static_cast<std::uint64_t>(integer(*state, "last_seq", 0));
    const json::Value* subjects = state->IsObject() ? json::member(*state, "subjects") : nullptr;
    if (subjects) held.messages = static_cast<std::size_t>(integer(*subjects, subject.c_str(), 0));
  }
  if (const json::Value* cluster = json::member(*info, "cluster"); cluster && cluster->IsObject()) {
    const json::Value* leader = json::member(*cluster, "leader");
    const json::Value* replicas = json::member(*cluster, "replicas");
    if (leader && leader->IsString()) held.leader = json::text_of(*leader);
    held.copies = replicas && replicas->IsArray() && !replicas->Empty();
    if (held.copies && held.leader.empty()) return std::nullopt;  // it was said by one that knows of no leader
  }
  return held;
}

std::string next_of(std::string_view subject, std::uint64_t from) {
  return fmt::format(R"({{"seq":{},"next_by_subj":"{}"}})", from, subject);
}

Found found(std::string_view status, std::string_view answer) {
  if (error_in(status, answer) != 0) return {};
  const auto parsed = json::parse(answer);
  const json::Value* message = json::member(*parsed, "message");
  if (!message || !message->IsObject()) return {};
  const json::Value* data = json::member(*message, "data");
  auto decoded = base64_decoded(data && data->IsString() ? json::text_of(*data) : std::string_view());
  if (!decoded) return {};
  return {static_cast<std::uint64_t>(integer(*message, "seq", 0)), std::move(*decoded)};
}

std::string deletion_of(std::uint64_t sequence) { return fmt::format(R"({{"seq":{},"no_erase":true}})", sequence); }

Progress progress(std::string_view status, std::string_view answer) {
  if (error_in(status, answer) != 0) return {};
  const auto info = json::parse(answer);
  const json::Value* cluster = json::member(*info, "cluster");
  const json::Value* replicas = cluster && cluster->IsObject() ? json::member(*cluster, "replicas") : nullptr;
  if (replicas && replicas->IsArray())
    for (const json::Value& one : replicas->GetArray()) {
      const json::Value* current = one.IsObject() ? json::member(one, "current") : nullptr;
      if (!current || !current->IsBool() || !current->GetBool()) return {};
    }
  const auto sequence = [&info](const char* of, const char* name) {
    const json::Value* pair = json::member(*info, of);
    return pair ? static_cast<std::uint64_t>(integer(*pair, name, 0)) : 0;
  };
  return {.known = true,
          .done_with = sequence("ack_floor", "stream_seq"),
          .passed = sequence("delivered", "stream_seq"),
          .handed_out = sequence("delivered", "consumer_seq"),
          .asked = integer(*info, "num_waiting", 0) > 0,
          .more = integer(*info, "num_pending", 0) > 0};
}

std::uint64_t left_behind(const Progress& before, const Progress& now) {
  if (!before.known || !now.known) return 0;
  return is_idle(before, now) ? std::min(before.passed, now.passed) : std::min(before.done_with, now.done_with);
}

bool stuck(const Progress& before, const Progress& now) { return is_idle(before, now) && before.more && now.more; }

}  // namespace dunlin::jetstream
