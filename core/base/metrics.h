// SPDX-License-Identifier: Apache-2.0
// Figures of the running server. Each worker counts alone, without locks or atomics; a scrape asks every worker for its
// samples through the mailboxes and adds them up (api/metrics).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dunlin {

enum class MetricType : std::uint8_t { counter, gauge, histogram };

// One value of one worker at one moment. A histogram carries its cumulative buckets (upper bound in seconds, count).
struct Sample {
  std::string name;
  std::string help;
  MetricType type = MetricType::counter;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;                                      // counter, gauge; a histogram's sum
  std::uint64_t count = 0;                               // histogram only
  std::vector<std::pair<double, std::uint64_t>> buckets;  // histogram only
};

// The core's own counters: one row each; rows of one name differ in their label.
//        enumerator, name, label, label value, help
#define DUNLIN_COUNTERS(X)                                                                                              \
  X(accepted, "connections_accepted_total", "", "", "Connections accepted on client listeners")                         \
  X(opened, "sessions_opened_total", "", "", "Handshakes that became sessions")                                         \
  X(bytes_in, "received_bytes_total", "", "", "Payload bytes received from clients")                                    \
  X(bytes_out, "sent_bytes_total", "", "", "Bytes handed to the kernel for clients, framing included")                  \
  X(messages_in, "messages_received_total", "", "", "Whole messages received from clients")                             \
  X(messages_out, "messages_sent_total", "", "", "Messages queued for clients: replies and deliveries")                 \
  X(publishes, "publishes_total", "", "", "Publishes taken by this node")                                               \
  X(deliveries, "deliveries_total", "", "", "Messages handed to a subscriber's outbox by publish or send")              \
  X(writes, "writes_total", "", "", "Gathered writes to client sockets")                                                \
  X(drop_slow, "drops_total", "reason", "slow_consumer", "Messages that were not delivered, by reason")                 \
  X(drop_closed, "drops_total", "reason", "connection_closed", "Messages that were not delivered, by reason")           \
  X(drop_inbound, "drops_total", "reason", "closed_while_handling", "Messages that were not delivered, by reason")      \
  X(drop_filtered, "drops_total", "reason", "filtered", "Messages that were not delivered, by reason")                  \
  X(drop_filter, "drops_total", "reason", "filter_fault", "Messages that were not delivered, by reason")                \
  X(drop_swapped, "drops_total", "reason", "module_replaced", "Messages that were not delivered, by reason")             \
  X(drop_timeout, "drops_total", "reason", "worker_timeout", "Messages that were not delivered, by reason")             \
  X(drop_encode, "drops_total", "reason", "not_encoded", "Messages that were not delivered, by reason")                 \
  X(deflate_agreed, "compression_agreed_total", "", "", "Handshakes that agreed on permessage-deflate")                 \
  X(compressed, "compressed_messages_total", "", "", "Messages compressed for clients, once however many receive them") \
  X(compressed_before, "compressed_bytes_total", "size", "before", "Bytes of the messages that were compressed")        \
  X(compressed_after, "compressed_bytes_total", "size", "after", "Bytes of the messages that were compressed")          \
  X(inflated, "inflated_messages_total", "", "", "Compressed messages received from clients")                           \
  X(unknown_fields, "api_unknown_fields_total", "", "", "Fields of API requests that were not known, and passed over")  \
  X(refused_limit, "refused_total", "reason", "too_many_connections", "Connections refused before a session, by reason") \
  X(refused_slow, "refused_total", "reason", "handshake_timeout", "Connections refused before a session, by reason")    \
  X(refused_path, "refused_total", "reason", "no_such_endpoint", "Connections refused before a session, by reason")     \
  X(refused_origin, "refused_total", "reason", "origin", "Connections refused before a session, by reason")             \
  X(refused_draining, "refused_total", "reason", "draining", "Connections refused before a session, by reason")         \
  X(refused_request, "refused_total", "reason", "bad_request", "Connections refused before a session, by reason")       \
  X(refused_descriptors, "refused_total", "reason", "no_descriptor", "Connections refused before a session, by reason")

enum class Counter : std::uint8_t {
#define DUNLIN_ENUMERATOR(id, name, label, value, help) id,
  DUNLIN_COUNTERS(DUNLIN_ENUMERATOR)
#undef DUNLIN_ENUMERATOR
      count_
};

// The value of a row's label, "" where it has none: the reason that a log line gives for the same event.
const char* counter_label(Counter counter);

// One worker's counters. [worker]
class Counters {
 public:
  void add(Counter counter, std::uint64_t by = 1) { values_[static_cast<std::size_t>(counter)] += by; }
  std::uint64_t get(Counter counter) const { return values_[static_cast<std::size_t>(counter)]; }
  // Appends one sample a row, named dunlin_NAME.
  void collect(std::vector<Sample>& out) const;

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(Counter::count_)> values_{};
};

// How long something took, in buckets of 1 µs to 1 s. [worker]
class DurationHistogram {
 public:
  void record_ns(std::int64_t ns);
  // Fills value, count and buckets of a sample.
  void collect(Sample& out) const;

 private:
  static constexpr std::array<std::int64_t, 10> kBoundsUs = {1, 5, 20, 100, 500, 2000, 10000, 50000, 200000, 1000000};
  std::array<std::uint64_t, kBoundsUs.size() + 1> counts_{};
  std::int64_t sum_ns_ = 0;
};

}  // namespace dunlin
