// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/local_mesh.h"

#include <string>
#include <utility>

#include "core/mesh/interest.h"

namespace dunlin {
namespace {

constexpr std::size_t kMostParcels = 1024;  // in one mail: memory stays bounded however long the turn

}  // namespace

LocalMesh::LocalMesh(unsigned node, unsigned self, const std::vector<Neighbour>& neighbours, WorkerInterest& interest,
                     TimerWheel& wheel, Millis deadline, Counters& counters)
    : node_(node), self_(self), neighbours_(neighbours), interest_(interest), wheel_(wheel), deadline_(deadline),
      counters_(counters), sends_(wheel), calls_(wheel) {}

void LocalMesh::interest(std::string_view channel, bool wanted) {
  const std::uint64_t hash = channel_hash(channel);
  wanted ? interest_.add(self_, hash) : interest_.remove(self_, hash);
}

void LocalMesh::publish(std::string_view channel, const MessageRef& message, PublishDone done) {
  counters_.add(Counter::publishes);
  const Tally here = neighbours_[self_].deliverer->deliver(channel, message);
  const WorkerInterest::Workers to = neighbours_.size() == 1 ? 0 : interest_.others(self_, channel_hash(channel));
  if (to == 0) {
    if (done) done(here);
    return;
  }
  outgoing_.push_back({std::string(channel), message, to, static_cast<bool>(done)});
  if (done) answers_.push_back({here, interest_.count_others(to, self_), std::move(done)});
  if (outgoing_.size() >= kMostParcels) end_turn();
}

// One list for all of them, which none changes.
void LocalMesh::end_turn() {
  if (outgoing_.empty()) return;
  const auto parcels = std::make_shared<const Parcels>(std::exchange(outgoing_, {}));
  WorkerInterest::Workers to = 0;
  for (const Parcel& parcel : *parcels) to |= parcel.to;
  const std::uint64_t number = await(parcels, to);
  const Neighbour& self = neighbours_[self_];
  for (unsigned worker = 0; worker < neighbours_.size(); ++worker) {
    if (worker == self_ || (to & WorkerInterest::bit_of(worker)) == 0) continue;
    const Neighbour& other = neighbours_[worker];
    if (!other.mailbox->post([&other, &self, parcels, number] { deliver(other, *parcels, number, self); }))
      report(number, worker, {});
  }
}

// The mail's number; 0: nobody wants to know.
std::uint64_t LocalMesh::await(const std::shared_ptr<const Parcels>& parcels, WorkerInterest::Workers to) {
  if (answers_.empty()) return 0;
  const std::uint64_t number = next_mail_++;
  Mail& mail = *(mails_[number] = std::make_unique<Mail>());
  mail.parcels = parcels;
  mail.answers = std::exchange(answers_, {});
  mail.missing = interest_.count_others(to, self_);
  mail.deadline.on_fire([this, number] { give_up(number); });
  wheel_.start(mail.deadline, deadline_);
  return number;
}

// On the worker `here`, for the one that they are `from`.
void LocalMesh::deliver(const Neighbour& here, const Parcels& parcels, std::uint64_t number, const Neighbour& from) {
  const unsigned worker = here.mesh->self_;
  std::vector<Tally> tallies;
  for (const Parcel& parcel : parcels) {
    if ((parcel.to & WorkerInterest::bit_of(worker)) == 0) continue;
    const Tally tally = here.deliverer->deliver(parcel.channel, parcel.message);
    if (parcel.asked) tallies.push_back(tally);
  }
  if (number == 0) return;
  from.mailbox->post([&from, worker, number, tallies = std::move(tallies)] { from.mesh->report(number, worker, tallies); });
}

// An answer may lead to the next publish.
void LocalMesh::report(std::uint64_t number, unsigned worker, const std::vector<Tally>& tallies) {
  const auto found = mails_.find(number);
  if (found == mails_.end()) return;  // nobody wants to know, or not any more
  Mail& mail = *found->second;
  std::unique_ptr<Mail> finished;
  if (--mail.missing == 0) {
    finished = std::move(found->second);
    mails_.erase(found);
  }
  auto answer = mail.answers.begin();
  auto tally = tallies.begin();
  for (const Parcel& parcel : *mail.parcels) {
    if (!parcel.asked) continue;
    Answer& one = *answer++;
    if ((parcel.to & WorkerInterest::bit_of(worker)) == 0) continue;
    one.tally += tally == tallies.end() ? Tally{0, 1} : *tally++;
    if (--one.missing == 0) one.done(one.tally);
  }
}

void LocalMesh::give_up(std::uint64_t number) {
  const auto late = mails_.extract(number);
  for (Answer& one : late.mapped()->answers) {
    if (one.missing == 0) continue;
    counters_.add(Counter::drop_timeout, one.missing);
    one.tally.fail += one.missing;
    one.done(one.tally);
  }
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
