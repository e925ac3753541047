// SPDX-License-Identifier: Apache-2.0
// dunlin: arguments, configuration, run.
#include "core/cli/cli.h"
#include "core/worker/server.h"

int main(int argc, char** argv) {
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
