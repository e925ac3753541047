// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/jetstream.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "core/base/json.h"

namespace dunlin::jetstream {
namespace {

constexpr std::int64_t kNanoseconds = 1'000'000;         // of a millisecond
constexpr int kNotStored = 10077, kTooLarge = 10054, kBeingStored = 10158;
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

// A server says of a message that it knows by its id, and that is not stored yet, that its sequence is 0.
Kept kept(std::string_view status, std::string_view text) {
  if (!status.empty()) return Kept::not_now;
  const auto answer = json::parse(text);
  if (!answer || !answer->IsObject()) return Kept::no;
  const json::Value* error = json::member(*answer, "error");
  if (!error) return integer(*answer, "seq", 0) > 0 ? Kept::yes : Kept::not_now;
  const std::int64_t code = integer(*error, "err_code", -1);
  if (code == kTooLarge) return Kept::too_large;
  const json::Value* why = error->IsObject() ? json::member(*error, "description") : nullptr;
  const bool bound = why && why->IsString() && json::text_of(*why).find("maximum") != std::string_view::npos;
  if (one_of(kNoRoom, code) || (code == kNotStored && bound)) return Kept::full;
  return code == kBeingStored || integer(*error, "code", 0) == kUnavailable ? Kept::not_now : Kept::no;
}

bool too_few_servers(int error) { return one_of(kTooFewServers, error); }

std::string stream_config(std::string_view name, std::string_view subjects, std::size_t size, unsigned replicas) {
  return fmt::format(
      R"({{"name":"{}","subjects":["{}"],"retention":"workqueue","storage":"file","discard":"new",)"
      R"("discard_new_per_subject":true,"max_msgs_per_subject":{},"max_msgs":-1,"max_bytes":-1,"max_age":0,)"
      R"("max_consumers":-1,"duplicate_window":60000000000,"num_replicas":{}}})",
      name, subjects, size, replicas);
}

std::string consumer_config(std::string_view stream, std::string_view name, std::string_view subject, std::int64_t ack_ms) {
  return fmt::format(
      R"({{"stream_name":"{}","config":{{"durable_name":"{}","ack_policy":"explicit","ack_wait":{},"deliver_policy":"all",)"
      R"("filter_subject":"{}","replay_policy":"instant","max_deliver":-1,"max_ack_pending":65536,"max_waiting":4096}}}})",
      stream, name, ack_ms * kNanoseconds, subject);
}

std::size_t count_in(std::string_view status, std::string_view answer, const std::string& subject) {
  const auto info = json::parse(answer);
  const json::Value* state = status.empty() && info && info->IsObject() ? json::member(*info, "state") : nullptr;
  const json::Value* subjects = state && state->IsObject() ? json::member(*state, "subjects") : nullptr;
  const json::Value* one = subjects && subjects->IsObject() ? json::member(*subjects, subject) : nullptr;
  return one && one->IsUint64() ? one->GetUint64() : 0;
}

}  // namespace dunlin::jetstream
