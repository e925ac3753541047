// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/bench/bench.h"

namespace dunlin::bench {
namespace {

struct WorkRow {
  Work work;
  const char *name, *unit;  // what is counted
};
constexpr WorkRow kWorks[] = {
    {Work::fan_out, "fan-out", "delivery"},   {Work::one_to_one, "one-to-one", "delivery"},
    {Work::echo, "echo", "echo"},             {Work::login, "login", "log-in"},
    {Work::storm, "storm", "connection"},     {Work::idle, "idle", "connection"},
};

const WorkRow& row_of(Work work) {
  return *std::find_if(std::begin(kWorks), std::end(kWorks), [&](const WorkRow& row) { return row.work == work; });
}

// One figure: its name in JSON, for people, and how it is written. Negative: unknown, and left out.
struct Figure {
  const char* key;
  std::string label;
  double value;
  int digits;
  const char* unit;
};

std::vector<Figure> figures_of(const Options& options, const Findings& f) {
  const std::string unit = row_of(options.work).unit;
  const double n = options.connections;
  std::vector<Figure> all;
  if (f.seconds > 0 && f.deliveries > 0) {
    const auto done = static_cast<double>(f.deliveries);
    all.push_back({"deliveries_per_second", unit + " rate", done / f.seconds, 0, "/s"});
    all.push_back({"messages_per_second", "message rate", static_cast<double>(f.messages) / f.seconds, 0, "/s"});
    all.push_back({"p50_us", "latency p50", f.p50_us, 1, "µs"});
    all.push_back({"p99_us", "latency p99", f.p99_us, 1, "µs"});
    all.push_back({"p999_us", "latency p99.9", f.p999_us, 1, "µs"});
    all.push_back({"max_us", "latency max", f.max_us, 1, "µs"});
    if (f.cpu_seconds >= 0) {
      all.push_back({"cpu_us", "server CPU per " + unit, f.cpu_seconds * 1e6 / done, 4, "µs"});
      all.push_back({"cpu_us_per_message", "server CPU per message",
                     f.cpu_seconds * 1e6 / static_cast<double>(std::max<std::uint64_t>(f.messages, 1)), 3, "µs"});
      all.push_back({"cpu_share", "server CPU", 100 * f.cpu_seconds / f.seconds, 0, "% of a core"});
    }
  }
  all.push_back({"accepts_per_second", "connections opened", n / f.connect_seconds, 0, "/s"});
  all.push_back({"accept_cpu_us", "server CPU per accept and handshake",
                 f.connect_cpu_seconds < 0 ? -1 : f.connect_cpu_seconds * 1e6 / n, 2, "µs"});
  if (f.close_per_second > 0) all.push_back({"closes_per_second", "connections closed", f.close_per_second, 0, "/s"});
  all.push_back({"close_cpu_us", "server CPU per close", f.close_cpu_us, 2, "µs"});
  all.push_back({"memory_connected", "memory per connection", f.memory_connected, 0, "bytes"});
  all.push_back({"memory_ready", "… logged in and subscribed", f.memory_ready, 0, "bytes"});
  std::erase_if(all, [](const Figure& figure) { return figure.value < 0; });
  return all;
}

std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return "\"" + out + "\"";
}

std::string as_json(const Options& options, const Findings& f) {
  std::string out = fmt::format(
      R"({{"work":"{}","protocol":"{}","connections":{},"channels":{},"window":{},"batch":{},"rate":{:g},"size":{},"compression":{},"spin":{},"seconds":{:.3f},)"
      R"("messages":{},"deliveries":{},"lost":{},"repeated":{},"disordered":{},"damaged":{},"error":{})",
      name_of(options.work), options.protocol, options.connections, options.channels, options.window, options.batch, options.rate,
      options.size, options.compression, options.spin, f.seconds, f.messages, f.deliveries, f.lost, f.repeated, f.disordered, f.damaged, quoted(f.error));
  for (const Figure& figure : figures_of(options, f)) out += fmt::format(",\"{}\":{:.{}f}", figure.key, figure.value, figure.digits);
  out += ",\"accepts\":[";
  for (std::size_t i = 0; i < f.accepts.size(); ++i)
    out += fmt::format("{}{{\"connections\":{},\"per_second\":{:.0f},\"cpu_us\":{:.2f}}}", i ? "," : "",
                       f.accepts[i].connections, f.accepts[i].per_second, f.accepts[i].cpu_us);
  return out + "]}\n";
}

std::string as_table(const Options& options, const Findings& f) {
  std::string out = fmt::format("{}, {}: {} connections{}, {} outstanding{}{}, {} bytes{}{}\n\n", name_of(options.work),
                                options.protocol, options.connections,
                                options.channels > 1 ? fmt::format(" with {} channels each", options.channels) : "", options.window,
                                options.batch > 1 ? fmt::format(", {} in a request", options.batch) : "",
                                options.rate > 0 ? fmt::format(", {:g} a second", options.rate) : "", options.size,
                                options.compression ? ", compressed" : "", options.spin ? ", a client that never sleeps" : "");
  for (const Figure& figure : figures_of(options, f))
    out += fmt::format("  {:<36} {:>14.{}f} {}\n", figure.label, figure.value, figure.digits, figure.unit);
  if (options.work == Work::storm && !f.accepts.empty()) {
    out += "\n  connections   opened a second   server CPU each (µs)\n";
    for (const AcceptPoint& point : f.accepts)
      out += fmt::format("  {:>11} {:>17.0f} {:>22.2f}\n", point.connections, point.per_second, point.cpu_us);
  }
  if (f.lost + f.repeated + f.disordered + f.damaged > 0)
    out += fmt::format("\n  NOT SOUND: {} lost, {} repeated, {} out of order, {} damaged\n", f.lost, f.repeated,
                       f.disordered, f.damaged);
  if (!f.error.empty()) out += fmt::format("\n  NOT SOUND: {}\n", f.error);
  return out;
}

}  // namespace

std::string report(const Options& options, const Findings& findings) {
  return options.json ? as_json(options, findings) : as_table(options, findings);
}

const Work* work_named(std::string_view name) {
  const auto row = std::find_if(std::begin(kWorks), std::end(kWorks), [&](const WorkRow& one) { return one.name == name; });
  return row == std::end(kWorks) ? nullptr : &row->work;
}

const char* name_of(Work work) { return row_of(work).name; }

}  // namespace dunlin::bench
