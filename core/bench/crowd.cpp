// SPDX-License-Identifier: Apache-2.0
#include "core/bench/crowd.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/clock.h"

namespace dunlin::bench {
namespace {

constexpr unsigned kWindow = 64;  // log-ins under way
constexpr std::int64_t kStalledMs = 10'000;

}  // namespace

Crowd::Crowd(Poller& poller, const Dialogue& dialogue, const Options& options, std::function<std::string(unsigned)> uid)
    : poller_(poller), dialogue_(dialogue), options_(options), shared_(uid(0) == uid(1)) {
  const unsigned users = shared_ ? 1 : options.connections;
  for (unsigned i = 0; i < users; ++i) subjects_.push_back(dialogue.subject(uid(i)));
  for (unsigned i = users; i < users * options.channels; ++i)
    subjects_.push_back(dialogue.subject(subjects_[i % users], i / users));
}

// Begins `begin(i)` for every connection, at most `window` at a time, until `done_` has counted them all.
Status Crowd::run(unsigned window, const std::function<Status(unsigned)>& begin,
                  const std::function<void(unsigned)>& reached, Progress& progress) {
  const unsigned all = options_.connections;
  unsigned told = 0;
  std::int64_t deadline = steady_ms() + kStalledMs;
  begun_ = done_ = 0;
  while (done_ < all) {
    for (; begun_ < all && begun_ < done_ + window; ++begun_)
      if (Status begun = begin(begun_); !begun) return begun;
    poller_.turn(std::chrono::milliseconds{100});
    if (!error_.empty()) return fail(Errc::unavailable, fmt::format("{} (after {} of {} connections)", error_, done_, all));
    if (done_ != told) {
      told = done_;
      deadline = steady_ms() + kStalledMs;
      if (reached) reached(done_);
      progress.show(closing_ ? "closing" : "connecting", static_cast<double>(done_) / all);
    } else if (steady_ms() > deadline) {
      return fail(Errc::unavailable, fmt::format("nothing happens any more after {} of {} connections", done_, all));
    }
  }
  return ok();
}

Status Crowd::open_all(const std::function<void(unsigned)>& reached, Progress& progress) {
  Target target;
  const auto begin = [&](unsigned i) -> Status {
    if (i == 0 || !shared_) {
      const auto found = resolve(dialogue_.url(subject(i)));
      if (!found) return found.error();
      target = *found;
      const bool connects_only = options_.work == Work::storm || options_.work == Work::idle;
      if (target.scheme == "http" || (target.scheme == "tcp" && !connects_only))
        return fail(Errc::bad_input, "--url: ws:// is wanted; tcp:// is for --work storm and idle");
    }
    clients_.push_back(std::make_unique<WsClient>(static_cast<WsListener&>(*this), i));
    return clients_.back()->connect(poller_, target, dialogue_.row().subprotocol,
                                     {}, options_.compression ? &inflater_ : nullptr);
  };
  return run(options_.work == Work::storm ? options_.window : kWindow, begin, reached, progress);
}

Status Crowd::join_all(Progress& progress) {
  const auto begin = [&](unsigned i) {
    clients_[i]->next = 0;
    say(*clients_[i]);
    return ok();
  };
  const Status joined = run(kWindow, begin, {}, progress);
  for (const auto& client : clients_) client->next = 0;
  return joined;
}

Status Crowd::close_all(Progress& progress) {
  closing_ = true;
  const auto begin = [&](unsigned i) {
    clients_[i]->close();
    return ok();
  };
  return run(options_.window, begin, {}, progress);
}

void Crowd::on_open(WsClient&) { ++done_; }

// The next of the frames that make a subscriber: log-in, then a subscription for each channel.
std::string Crowd::next_frame(const WsClient& client) const {
  const auto login = dialogue_.login(subject(client.index()));
  if (client.next < login.size()) return login[static_cast<std::size_t>(client.next)];
  const auto number = static_cast<unsigned>(client.next - login.size());
  return number < options_.channels ? dialogue_.subscription(subject(client.index() + number * options_.connections)) : std::string();
}

// `next` counts what was said.
void Crowd::say(WsClient& client) {
  const std::string frame = next_frame(client);
  if (frame.empty()) {
    ++done_;
    return;
  }
  client.send(frame, dialogue_.row().binary);
  client.flush();
}

void Crowd::on_frame(WsClient& client, std::string_view payload) {
  if (take_) return take_(client, payload);
  if (!dialogue_.is_answer(payload)) {
    if (dialogue_.row().stream || done_ == options_.connections) return;  // a greeting
    error_ = fmt::format("the answer was {}", payload.substr(0, 200));
    return;
  }
  ++client.next;
  say(client);
}

void Crowd::on_closed(WsClient& client, std::string_view why) {
  if (closing_ && why.empty()) {
    ++done_;
  } else if (error_.empty()) {
    error_ = fmt::format("connection {}: {}", client.index(), why);
  }
}

}  // namespace dunlin::bench
