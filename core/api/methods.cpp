// SPDX-License-Identifier: Apache-2.0
#include "core/api/methods.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/api/parameters.h"

namespace dunlin {
namespace {

using Done = Method::Done;

const char* why_not_sent(SendStatus status) {
  return status == SendStatus::full      ? "the connection reads too slowly"
         : status == SendStatus::failed  ? "the endpoint's protocol could not encode it"
         : status == SendStatus::timeout ? "the connection's worker or node did not report in time"
         : status == SendStatus::unreachable ? "the connection's node cannot be reached now"
                                             : "no such connection";
}

void append(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
  out.append(digits, end);
}

// By hand: the answer to each publish, for which a format would be looked through anew.
std::string print(Tally tally) {
  std::string out = R"({"s":)";
  append(out, tally.success);
  append(out += R"(,"f":)", tally.fail);
  return out += tally.partial ? R"(,"partial":true})" : "}";
}

// What a node of a cluster can hand to the others at all: told before anybody has got it.
Status fitting(Mesh& mesh, std::size_t data, std::size_t besides) {
  if (data + besides <= mesh.largest()) return ok();
  return fail(Errc::too_big, fmt::format("\"d\" has {} bytes; the cluster's engine takes {} at most",
                                         data, mesh.largest() - std::min(besides, mesh.largest())));
}

void publish_one(Mesh& mesh, const PublishParameters& one, Mesh::PublishDone done) {
  if (one.wait_here) return mesh.publish_waiting_here(one.channel, one.message, std::move(done));
  mesh.publish(one.channel, one.message, std::move(done));
}

// A body with many calls: all are checked before the first is made, so that a fault leaves nothing half done. `make`
// makes one and hands its part of `r` to the function that it is given.
template <class Read, class Make>
void run_many(const json::Value& list, const Read& read, Done done, Make make) {
  struct Gathering {
    std::vector<std::string> parts;
    std::size_t missing;
    Done done;
  };
  std::vector<std::decay_t<decltype(*read(list))>> calls;
  calls.reserve(list.Size());
  for (const json::Value& one : list.GetArray()) {
    auto given = read(one);
    if (!given) return done(refusal(ApiCode::bad_parameters, fmt::format("[{}]: {}", calls.size(), given.error().why)));
    calls.push_back(std::move(*given));
  }
  if (calls.empty()) return done(result("[]"));
  auto all = std::make_shared<Gathering>(Gathering{std::vector<std::string>(calls.size()), calls.size(), std::move(done)});
  for (std::size_t i = 0; i < calls.size(); ++i)
    make(calls[i], [all, i](std::string part) {
      all->parts[i] = std::move(part);
      if (--all->missing == 0) all->done(result(fmt::format("[{}]", fmt::join(all->parts, ","))));
    });
}

void publish(ApiHost& host, const json::Value& given, Done done) {
  const auto read = [&host](const json::Value& object) {
    auto one = publish_parameters(object, host.counters());
    if (!one) return one;
    const Status fits = fitting(host.mesh(), one->message->payload().size(), one->channel.size());
    return fits ? std::move(one) : fits.error();
  };
  if (given.IsArray())
    return run_many(given, read, std::move(done), [&host](const PublishParameters& one, auto part) {
      publish_one(host.mesh(), one, [part](Tally tally) { part(print(tally)); });
    });
  const auto one = read(given);
  if (!one) return done(refusal(ApiCode::bad_parameters, one.error().why));
  publish_one(host.mesh(), *one, [done = std::move(done)](Tally tally) { done(result(print(tally))); });
}

void send(ApiHost& host, const json::Value& given, Done done) {
  const auto one = send_parameters(given, host.counters());
  if (!one) return done(refusal(ApiCode::bad_parameters, one.error().why));
  const Status fits = fitting(host.mesh(), one->message->payload().size(), 0);
  if (!fits) return done(refusal(ApiCode::bad_parameters, fits.error().why));
  host.mesh().send(one->client, one->message, [done = std::move(done)](SendStatus status) {
    done(status == SendStatus::sent ? result(R"({"s":true})") : refusal(ApiCode::send_failed, why_not_sent(status)));
  });
}

void call(ApiHost& host, const json::Value& given, Done done) {
  const auto one = call_parameters(given, host.counters());
  if (!one) return done(refusal(ApiCode::bad_parameters, one.error().why));
  host.mesh().call(one->client, one->call, [done = std::move(done)](CallOutcome outcome) {
    if (!outcome.done) return done(refusal(ApiCode::call_failed, outcome.text));
    done(result(outcome.text.empty() ? R"({"s":true})" : fmt::format(R"({{"s":true,"v":{}}})", outcome.text)));
  });
}

const char* why_not_pushed(Queue::Pushed pushed) {
  switch (pushed) {
    case Queue::Pushed::full: return "the topic is full";
    case Queue::Pushed::too_many_topics: return "there are too many topics";
    case Queue::Pushed::timeout: return "the topic did not answer in time; it may have the message";
    case Queue::Pushed::too_large: return "the message is larger than the durable queue takes";
    case Queue::Pushed::unavailable: return "the durable queue cannot be reached now";
    case Queue::Pushed::yes: break;
  }
  return "";
}

std::string print_pushed(Queue::Pushed pushed, std::size_t waiting) {
  if (pushed == Queue::Pushed::yes) return fmt::format(R"({{"n":{}}})", waiting);
  return fmt::format(R"({{"E":{{"c":{},"m":{}}}}})", static_cast<int>(ApiCode::push_failed), json::quote(why_not_pushed(pushed)));
}

void push(ApiHost& host, const json::Value& given, Done done) {
  const auto read = [&host](const json::Value& object) {
    auto one = push_parameters(object, host.counters());
    if (!one) return one;
    const Status fits = fitting(host.mesh(), one->data.size(), one->topic.size());
    return fits ? std::move(one) : fits.error();
  };
  if (given.IsArray())
    return run_many(given, read, std::move(done), [&host](const PushParameters& one, auto part) {
      host.queue().push(one.topic, ClientId(), one.data, [part](Queue::Pushed pushed, std::size_t waiting) {
        part(print_pushed(pushed, waiting));
      });
    });
  const auto one = read(given);
  if (!one) return done(refusal(ApiCode::bad_parameters, one.error().why));
  host.queue().push(one->topic, ClientId(), one->data,
                    [done = std::move(done)](Queue::Pushed pushed, std::size_t waiting) {
                      done(pushed == Queue::Pushed::yes ? result(print_pushed(pushed, waiting))
                                                        : refusal(ApiCode::push_failed, why_not_pushed(pushed)));
                    });
}

constexpr Method kMethods[] = {
    {"mesh.publish", Role::write, publish},
    {"mesh.send", Role::write, send},
    {"conn.call", Role::write, call},
    {"queue.push", Role::write, push},
};

}  // namespace

ApiReply result(std::string_view r) {
  std::string members = R"("E":null,"r":)";
  members.append(r);
  return {200, std::move(members)};
}

ApiReply refusal(ApiCode code, std::string_view why) {
  return {code == ApiCode::bad_parameters ? 400 : 200,
          fmt::format(R"("E":{{"c":{},"m":{}}})", static_cast<int>(code), json::quote(why))};
}

const Method* find_method(std::string_view name) {
  const auto found = std::find_if(std::begin(kMethods), std::end(kMethods), [&](const Method& m) { return m.name == name; });
  return found == std::end(kMethods) ? nullptr : found;
}

}  // namespace dunlin
