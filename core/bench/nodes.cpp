// SPDX-License-Identifier: Apache-2.0
#include "core/bench/nodes.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/bench/bench.h"
#include "core/bench/local_cluster.h"

namespace dunlin::bench {
namespace {

// One subscriber at the first node; published at it (near), or at the second.
Result<Findings> stretch(const LocalCluster& cluster, Options options, std::size_t publish_at, unsigned window) {
  options.work = Work::one_to_one;
  options.connections = 1;
  options.window = window;
  options.batch = std::min(options.batch, window);
  options.url = cluster.client_url(0);
  options.publish_url = cluster.publish_url(publish_at);
  return run(options);
}

double sent(const LocalCluster& cluster, std::string_view what) {
  double sum = 0;
  for (std::size_t i = 0; i < cluster.size(); ++i) sum += cluster.metric(i, what);
  return sum;
}

std::string rate(const Findings& f) { return fmt::format("{:.0f}", f.seconds > 0 ? static_cast<double>(f.messages) / f.seconds : 0); }

std::string as_json(const NodesFindings& f) {
  const auto one = [](const char* name, const Findings& found) {
    return fmt::format(R"("{}":{{"messages_per_second":{},"p50_us":{:.1f},"p99_us":{:.1f},"lost":{},"repeated":{},)"
                       R"("disordered":{},"damaged":{}}})",
                       name, rate(found), found.p50_us, found.p99_us, found.lost, found.repeated, found.disordered, found.damaged);
  };
  return fmt::format(R"({{"nodes":{},{},{},{},{},"added_p50_us":{:.1f},"added_p99_us":{:.1f},"bytes_between_nodes":{:.0f},)"
                     R"("idle_received":{:.0f}}})"
                     "\n",
                     f.nodes, one("local", f.near), one("cluster", f.far), one("local_busy", f.near_busy),
                     one("cluster_busy", f.far_busy), f.far.p50_us - f.near.p50_us, f.far.p99_us - f.near.p99_us, f.bytes,
                     f.idle_received);
}

}  // namespace

Result<NodesFindings> run_nodes(const Options& options, unsigned nodes, const std::string& plugins) {
  if (nodes < 2) return fail(Errc::bad_input, "--nodes: 2 or more are a cluster");
  LocalCluster cluster;
  if (Status started = cluster.start(nodes, plugins); !started) return started.error();
  NodesFindings found;
  found.nodes = nodes;
  const struct {
    Findings& into;
    std::size_t publish_at;
    unsigned window;
  } stretches[] = {{found.near, 0, 1}, {found.far, 1, 1}, {found.near_busy, 0, options.window}, {found.far_busy, 1, options.window}};
  double bytes = 0, publishes = 0;
  for (const auto& one : stretches) {
    bytes = sent(cluster, "dunlin_cluster_sent_bytes_total");
    publishes = sent(cluster, "dunlin_cluster_publishes_sent_total");
    auto result = stretch(cluster, options, one.publish_at, one.window);
    if (!result) return result.error();
    one.into = std::move(*result);
  }
  publishes = sent(cluster, "dunlin_cluster_publishes_sent_total") - publishes;
  found.bytes = (sent(cluster, "dunlin_cluster_sent_bytes_total") - bytes) / std::max(publishes, 1.0);
  for (std::size_t i = 2; i < cluster.size(); ++i) found.idle_received += cluster.metric(i, "dunlin_cluster_publishes_received_total");
  return found;
}

std::string report(const Options& options, const NodesFindings& f) {
  if (options.json) return as_json(f);
  std::string out = fmt::format("{} nodes, 1 subscriber at the first, {} bytes\n\n  {:<34} {:>12} {:>12} {:>12}\n", f.nodes, options.size,
                                "published", "at its node", "at another", "added");
  const auto latency = [&out](const char* label, double near, double far) {
    out += fmt::format("  {:<34} {:>12.1f} {:>12.1f} {:>12.1f} µs\n", label, near, far, far - near);
  };
  latency("latency p50, one at a time", f.near.p50_us, f.far.p50_us);
  latency("latency p99, one at a time", f.near.p99_us, f.far.p99_us);
  out += fmt::format("  {:<34} {:>12} {:>12} {:>12} /s\n", fmt::format("publishes, {} outstanding", options.window), rate(f.near_busy),
                     rate(f.far_busy), "");
  out += fmt::format("  {:<34} {:>12} {:>12.0f} {:>12} bytes\n", "between nodes for each publish", 0, f.bytes, "");
  if (f.nodes > 2)
    out += fmt::format("  {:<34} {:>12} {:>12.0f}\n", fmt::format("publishes got by the other {}", f.nodes - 2), 0, f.idle_received);
  if (!f.sound()) out += "\n  NOT SOUND: a message was lost, repeated, out of order or damaged, or went where nobody wanted it\n";
  for (const Findings* one : {&f.near, &f.far, &f.near_busy, &f.far_busy})
    if (!one->error.empty()) out += fmt::format("\n  NOT SOUND: {}\n", one->error);
  return out;
}

}  // namespace dunlin::bench
