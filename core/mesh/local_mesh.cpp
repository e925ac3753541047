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
    : node_(node), self_(self), neighbours_(neighbours), deadline_(deadline), counters_(counters),
      tallies_(wheel, [&counters](unsigned missing) { counters.add(Counter::drop_timeout, missing); }), sends_(wheel),
      calls_(wheel) {}

void LocalMesh::publish(std::string_view channel, const MessageRef& message, PublishDone done) {
  counters_.add(Counter::publishes);
  const Tally here = neighbours_[self_].deliverer->deliver(channel, message);
  if (neighbours_.size() == 1) {
    if (done) done(here);
    return;
  }
  std::uint64_t id = 0;  // 0: nobody wants to know
  if (done) id = tallies_.expect(static_cast<unsigned>(neighbours_.size() - 1), here, std::move(done), deadline_);
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
      if (parcel.id) tallies_.report(parcel.id, {0, 1});
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
    for (const auto& [id, tally] : reports) from.mesh->tallies_.report(id, tally);
  });
}

void LocalMesh::send(ClientId id, const MessageRef& message, SendDone done) {
  const auto answer = [&done](SendStatus status) {
    if (done) done(status);
  };
  if (id.node() != node_ || id.worker() >= neighbours_.size()) return answer(SendStatus::no_such_connection);
  if (id.worker() == self_) return answer(neighbours_[self_].deliverer->deliver_to(id, message));
  end_turn();  // what was published before it goes before it
  const std::uint64_t ticket = sends_.expect(std::move(done), deadline_, SendStatus::timeout);
  const Neighbour& self = neighbours_[self_];
  const Neighbour& other = neighbours_[id.worker()];
  const bool posted = other.mailbox->post([&other, &self, ticket, id, message] {
    const SendStatus status = other.deliverer->deliver_to(id, message);
    self.mailbox->post([&self, ticket, status] { self.mesh->sends_.arrived(ticket, status); });
  });
  if (!posted) sends_.arrived(ticket, SendStatus::no_such_connection);
}

void LocalMesh::call(ClientId id, const ConnCall& call, CallDone done) {
  if (id.node() != node_ || id.worker() >= neighbours_.size()) return done({false, "no such connection"});
  if (id.worker() == self_) return neighbours_[self_].deliverer->call(id, call, std::move(done));
  end_turn();
  const std::uint64_t ticket = calls_.expect(std::move(done), deadline_, {false, "its worker did not report in time"});
  const Neighbour& self = neighbours_[self_];
  const Neighbour& other = neighbours_[id.worker()];
  const bool posted = other.mailbox->post([&other, &self, ticket, id, call] {
    other.deliverer->call(id, call, [&self, ticket](CallOutcome outcome) {
      self.mailbox->post([&self, ticket, outcome = std::move(outcome)] { self.mesh->calls_.arrived(ticket, outcome); });
    });
  });
  if (!posted) calls_.arrived(ticket, {false, "no such connection"});
}

}  // namespace dunlin
