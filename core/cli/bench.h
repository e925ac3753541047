// SPDX-License-Identifier: Apache-2.0
// `dunlin bench`: arguments and tokens for the load client of core/bench.
#pragma once

#include <string>

#include "core/bench/options.h"

namespace CLI {
class App;
}

namespace dunlin {

struct BenchArguments {
  bench::Options options;
  std::string work = "fan-out";
  std::string config;  // empty: no tokens are made
  unsigned nodes = 0;  // 0: a server that runs
  std::string plugins;  // of those nodes; empty: beside this program
};

void bench_options(CLI::App& command, BenchArguments& arguments);

// The process's exit code: 1 also when a message was lost, repeated, out of order or damaged.
int run_bench(const BenchArguments& arguments);

}  // namespace dunlin
