// SPDX-License-Identifier: Apache-2.0
// How each kind of value is read.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "core/config/keys.h"
#include "core/config/loader.h"

namespace dunlin {

bool Reading::text(const YAML::Node& node, std::string& out) const {
  if (!node.IsScalar()) {
    fault(node, fmt::format("is {}; must be a text", kind_of(node)));
    return false;
  }
  out = expanded(node, key, faults);
  return true;
}

bool Reading::duration(const YAML::Node& node, Millis& out) const {
  std::string value;
  if (!text(node, value)) return false;
  const auto parsed = parse_duration(value);
  if (!parsed) {
    fault(node, parsed.error().why);
    return false;
  }
  out = *parsed;
  return true;
}

bool Reading::size(const YAML::Node& node, std::uint64_t& out) const {
  std::string value;
  if (!text(node, value)) return false;
  const auto parsed = parse_size(value);
  if (!parsed) {
    fault(node, parsed.error().why);
    return false;
  }
  out = *parsed;
  return true;
}

bool Reading::number(const YAML::Node& node, std::uint32_t& out, std::uint32_t least, std::uint32_t most) const {
  std::string value;
  if (!text(node, value)) return false;
  std::uint32_t parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc() || end != value.data() + value.size() || parsed < least || parsed > most) {
    fault(node, fmt::format("is \"{}\"; must be a whole number from {} to {}", value, least, most));
    return false;
  }
  out = parsed;
  return true;
}

bool Reading::bind(const YAML::Node& node, Bind& out) const {
  std::string value;
  if (!text(node, value)) return false;
  std::size_t colon = value.rfind(':');
  std::string host = colon == std::string::npos ? "" : value.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  unsigned port = 65536;
  if (colon != std::string::npos) {
    const char* end = value.data() + value.size();
    const auto [rest, error] = std::from_chars(value.data() + colon + 1, end, port);
    if (error != std::errc() || rest != end) port = 65536;
  }
  if (port > 65535 || (!bracketed && host.find(':') != std::string::npos)) {
    fault(node, fmt::format("\"{}\" is no address; write host:port, such as 127.0.0.1:6790 or [::1]:6790", value));
    return false;
  }
  if (bracketed) host = host.substr(1, host.size() - 2);
  out = {host.empty() ? "0.0.0.0" : host, static_cast<std::uint16_t>(port)};
  return true;
}

bool Reading::texts(const YAML::Node& node, std::vector<std::string>& out) const {
  if (!node.IsSequence()) {
    fault(node, fmt::format("is {}; must be a list", kind_of(node)));
    return false;
  }
  for (const YAML::Node& item : node) {
    std::string value;
    if (text(item, value)) out.push_back(std::move(value));
  }
  return true;
}

bool Reading::existing_path(const YAML::Node& node, std::string& out) const {
  std::string value;
  if (!text(node, value)) return false;
  namespace fs = std::filesystem;
  const fs::path path = (fs::path(config.directory) / value).lexically_normal();
  std::error_code error;
  if (!fs::exists(path, error)) {
    fault(node, fmt::format("there is no {}", path.string()));
    return false;
  }
  out = path.string();
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return true;
}

// A name takes the settings of modules.NAME; a map with settings of its own stands alone.
bool Reading::module_use(const YAML::Node& node, ModuleUse& out, bool auth,
                         const std::vector<std::string>& more) const {
  std::vector<std::string> host_keys = {"module", "on_error", "deadline", "isolation"};
  host_keys.insert(host_keys.end(), more.begin(), more.end());
  out.place = place_of(node);
  const auto named = [&](const std::string& name) {
    const auto known = config.modules.find(name);
    if (known != config.modules.end()) out = known->second;
    out.module = name;
    out.place = place_of(node);
  };
  if (node.IsScalar()) {
    std::string name;
    if (!text(node, name)) return false;
    named(name);
    return true;
  }
  if (!node.IsMap() || !node["module"] || !node["module"].IsScalar()) {
    fault(node, fmt::format("is {}; must be a module's name or {{module: NAME, …}}", node.IsMap() ? "a map without `module`" : kind_of(node)));
    return false;
  }
  bool own = false;
  for (const auto& member : node)
    own = own || std::find(host_keys.begin(), host_keys.end(), member.first.Scalar()) == host_keys.end();
  named(node["module"].Scalar());
  if (own) {
    auto places = std::make_shared<Places>();
    out.settings = to_json(node, key, *places, faults, host_keys);
    out.places = places;
  }
  if (const YAML::Node deadline = node["deadline"]) duration(deadline, out.deadline);
  if (const YAML::Node on_error = node["on_error"]) {
    if (!auth || !on_error.IsScalar() || (on_error.Scalar() != "pass" && on_error.Scalar() != "refuse")) {
      fault(on_error, auth ? "on_error: must be pass or refuse" : "on_error: is for auth, guards and filters only");
    } else {
      out.on_error_pass = on_error.Scalar() == "pass";
    }
  }
  if (const YAML::Node isolation = node["isolation"]) {
    const bool known = isolation.IsScalar() && (isolation.Scalar() == "process" || isolation.Scalar() == "none");
    if (!known) fault(isolation, "isolation: must be process or none");
    out.isolated = known && isolation.Scalar() == "process";
  }
  return true;
}

void Reading::canary(const YAML::Node& node, ModuleUse& of) const {
  Canary out;
  if (!module_use(node, out.use, true, {"percent", "shadow"})) return;
  if (!node.IsMap() || !node["percent"])
    return fault(node, fmt::format("canary: has no `percent`; write {{module: {}, percent: 5}}", out.use.module));
  number(node["percent"], out.percent, 1, 100);
  if (const YAML::Node shadow = node["shadow"]) {
    std::string value;
    if (text(shadow, value) && value != "true" && value != "false")
      fault(shadow, fmt::format("shadow: is \"{}\"; must be true or false", value));
    out.shadow = value == "true";
  }
  if (!node["deadline"]) out.use.deadline = of.deadline;
  if (!node["on_error"]) out.use.on_error_pass = of.on_error_pass;
  of.canary = std::make_shared<const Canary>(std::move(out));
}

bool Reading::inside(const YAML::Node& node, const ModuleUse& use) const {
  if (use.isolated) fault(node["isolation"], "isolation: is for auth modules only");
  return !use.isolated;
}

void Reading::modules(const YAML::Node& node, bool chain, std::vector<ModuleUse>& out) const {
  if (!node.IsSequence()) return fault(node, fmt::format("is {}; must be a list of modules", kind_of(node)));
  for (const YAML::Node& item : node)
    if (ModuleUse use; module_use(item, use, chain) && inside(item, use)) out.push_back(std::move(use));
}

}  // namespace dunlin
