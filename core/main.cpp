// SPDX-License-Identifier: Apache-2.0
// dunlin: arguments, configuration, run.
#include <string_view>

#include "core/cli/cli.h"
#include "core/isolation/guest.h"
#include "core/isolation/process.h"
#include "core/worker/server.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == dunlin::kGuestCommand) return dunlin::run_guest();
  dunlin::Log log;
  const dunlin::Commands commands{
      .serve = [&log](const dunlin::Config& config) {
        log.configure(config.log_level, config.log_format);
        return dunlin::serve(config, log);
      },
      .check = [&log](const dunlin::Config& config) { return dunlin::check_modules(config, log); },
  };
  return dunlin::run_cli(argc, argv, commands);
}
