// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/local_mesh.h"

#include <string>
#include <utility>

namespace dunlin {
namespace {

constexpr std::size_t kMostParcels = 1024;  // in one mail: memory stays bounded however long the turn

}  // namespace

LocalMesh::LocalMesh(unsigned node, unsigned self, const std::vector<Neighbour>& neighbours, TimerWheel& wheel,
                     Millis deadline, Counters& counters)
    : node_(node), self_(self), neighbours_(neighbours), wheel_(wheel), deadline_(deadline), counters_(counters) {}

void LocalMesh::publish(std::string_view channel, const MessageRef& message, PublishDone done) {
  counters_.add(Counter::publishes);
  const Tally here = neighbours_[self_].deliverer->deliver(channel, message);
  if (neighbours_.size() == 1) {
    if (done) done(here);
    return;
  }
  std::uint64_t id = 0;  // 0: nobody wants to know
  if (done) {
    id = next_++;
    auto& pending = *(publishes_[id] = std::make_unique<Publish>());
    pending.tally = here;
    pending.missing = static_cast<unsigned>(neighbours_.size() - 1);
    pending.done = std::move(done);
    pending.deadline.on_fire([this, id] { give_up(id); });
    wheel_.start(pending.deadline, deadline_);
  }
  outgoing_.push_back({id, std::string(channel), message});
  if (outgoing_.size() >= kMostParcels) end_turn();
}

// One list for all of them, which none changes.
void LocalMesh::end_turn() {
  if (outgoing_.empty()) return;
  const auto parcels = std::make_shared<const Parcels>(std::exchange(outgoing_, {}));
  const Neighbour& self = neighbours_[self_];
  for (const Neighbour& neighbour : neighbours_) {
    if (&neighbour == &self || neighbour.mailbox->post([&neighbour, &self, parcels] { deliver(neighbour, *parcels, self); }))
      continue;
    for (const Parcel& parcel : *parcels)
      if (parcel.id) report(parcel.id, {0, 1});
  }
}

// On the worker `here`, for the one that they are `from`.
void LocalMesh::deliver(const Neighbour& here, const Parcels& parcels, const Neighbour& from) {
  std::vector<std::pair<std::uint64_t, Tally>> reports;
  for (const Parcel& parcel : parcels) {
    const Tally tally = here.deliverer->deliver(parcel.channel, parcel.message);
    if (parcel.id) reports.emplace_back(parcel.id, tally);
  }
  if (reports.empty()) return;
  from.mailbox->post([&from, reports = std::move(reports)] {
    for (const auto& [id, tally] : reports) from.mesh->report(id, tally);
  });
}

void LocalMesh::report(std::uint64_t id, Tally tally) {
  const auto found = publishes_.find(id);
  if (found == publishes_.end()) return;  // too late: counted as failed already
  found->second->tally += tally;
  if (--found->second->missing > 0) return;
  const std::unique_ptr<Publish> finished = std::move(found->second);
  publishes_.erase(found);
  finished->done(finished->tally);
}

void LocalMesh::give_up(std::uint64_t id) {
  const auto found = publishes_.find(id);
  const std::unique_ptr<Publish> late = std::move(found->second);
  publishes_.erase(found);
  counters_.add(Counter::drop_timeout, late->missing);
  late->tally.fail += late->missing;
  late->done(late->tally);
}

void LocalMesh::send(ClientId id, const MessageRef& message, SendDone done) {
  const auto answer = [&done](SendStatus status) {
    if (done) done(status);
  };
  if (id.node() != node_ || id.worker() >= neighbours_.size()) return answer(SendStatus::no_such_connection);
  if (id.worker() == self_) return answer(neighbours_[self_].deliverer->deliver_to(id, message));
  end_turn();  // what was published before it goes before it
  const std::uint64_t ticket = next_++;
  auto& pending = *(sends_[ticket] = std::make_unique<Send>());
  pending.done = std::move(done);
  pending.deadline.on_fire([this, ticket] { sent(ticket, SendStatus::timeout); });
  wheel_.start(pending.deadline, deadline_);
  const Neighbour& self = neighbours_[self_];
  const Neighbour& other = neighbours_[id.worker()];
  const bool posted = other.mailbox->post([&other, &self, ticket, id, message] {
    const SendStatus status = other.deliverer->deliver_to(id, message);
    self.mailbox->post([&self, ticket, status] { self.mesh->sent(ticket, status); });
  });
  if (!posted) sent(ticket, SendStatus::no_such_connection);
}

void LocalMesh::sent(std::uint64_t id, SendStatus status) {
  const auto found = sends_.find(id);
  if (found == sends_.end()) return;
  const std::unique_ptr<Send> finished = std::move(found->second);
  sends_.erase(found);
  if (finished->done) finished->done(status);
}

void LocalMesh::call(ClientId id, const ConnCall& call, CallDone done) {
  if (id.node() != node_ || id.worker() >= neighbours_.size()) return done({false, "no such connection"});
  if (id.worker() == self_) return neighbours_[self_].deliverer->call(id, call, std::move(done));
  end_turn();
  const std::uint64_t ticket = next_++;
  auto& pending = *(calls_[ticket] = std::make_unique<Call>());
  pending.done = std::move(done);
  pending.deadline.on_fire([this, ticket] { called(ticket, {false, "its worker did not report in time"}); });
  wheel_.start(pending.deadline, deadline_);
  const Neighbour& self = neighbours_[self_];
  const Neighbour& other = neighbours_[id.worker()];
  const bool posted = other.mailbox->post([&other, &self, ticket, id, call] {
    other.deliverer->call(id, call, [&self, ticket](CallOutcome outcome) {
      self.mailbox->post([&self, ticket, outcome = std::move(outcome)]() mutable { self.mesh->called(ticket, std::move(outcome)); });
    });
  });
  if (!posted) called(ticket, {false, "no such connection"});
}

void LocalMesh::called(std::uint64_t id, CallOutcome outcome) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const std::unique_ptr<Call> finished = std::move(found->second);
  calls_.erase(found);
  finished->done(std::move(outcome));
}

}  // namespace dunlin
