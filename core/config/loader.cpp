// SPDX-License-Identifier: Apache-2.0
#include "core/config/loader.h"

#include <arpa/inet.h>

#include <filesystem>

#include <fmt/format.h>

#include "core/config/changes.h"
#include "core/config/keys.h"
#include "core/config/yaml.h"

namespace dunlin {
namespace {

namespace fs = std::filesystem;

bool is_loopback(const std::string& host) {
  in_addr address{};
  return host == "localhost" || host == "::1" ||
         (inet_pton(AF_INET, host.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24) == 127);
}

// Where plugins are when nothing is said: beside the configuration, else where the build or the package puts them.
std::string default_plugins(const std::string& directory) {
  std::error_code error;
  const fs::path exe = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& candidate : {fs::path(directory) / "plugins", exe / "plugins", exe / "../plugins", exe / "../lib/dunlin/plugins"})
    if (fs::is_directory(candidate, error)) return candidate.lexically_normal().string();
  return (fs::path(directory) / "plugins").string();
}

void check_open_api(const YAML::Node& root, const Config& config, Faults& faults) {
  if (!config.access.empty() || is_loopback(config.api.host)) return;
  const YAML::Node bind = root["api"]["bind"];
  faults.add(bind, "api.bind",
             fmt::format("{0} would be open to everybody; set api.access (users and passwords), or api.bind: 127.0.0.1:{1}",
                         config.api.host, config.api.port));
}

void check_durable(const YAML::Node& root, const Config& config, Faults& faults) {
  if (config.queue_durable && config.mesh_engine != "nats")
    faults.add(root["queue"]["durable"], "queue.durable", "needs JetStream; write mesh: {engine: nats}");
}

}  // namespace

Result<Config> load_config(const std::string& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return fail(Errc::not_found, fmt::format("{}: there is no such file", file));
  Config config;
  config.file = file;
  config.directory = fs::absolute(file, error).lexically_normal().parent_path().string();
  Faults faults(file);
  try {
    const YAML::Node root = YAML::LoadFile(file);
    if (!root.IsMap()) return fail(Errc::bad_input, fmt::format("{}:1:1: the file is {}; must be a map of keys", file,
                                                                root.IsNull() ? "empty" : kind_of(root)));
    config.plugin_directory = default_plugins(config.directory);
    read_config(root, config, faults);
    check_open_api(root, config, faults);
    check_durable(root, config, faults);
    config.fixed = fixed_values(root, faults);
  } catch (const YAML::Exception& fault) {
    return fail(Errc::bad_input, fmt::format("{}:{}:{}: {}", file, fault.mark.line + 1, fault.mark.column + 1, fault.msg));
  }
  if (!faults.empty()) return fail(Errc::bad_input, faults.text());
  return config;
}

}  // namespace dunlin
