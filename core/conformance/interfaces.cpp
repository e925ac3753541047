// SPDX-License-Identifier: Apache-2.0
#include "core/conformance/interfaces.h"

#include <cstring>

#include <fmt/format.h>

#include "core/conformance/elf_exports.h"
#include "core/plugin/host.h"
#include "dunlin/draft/engine.h"

namespace dunlin {

std::vector<std::string> interfaces_of(const dunlin_module& module) {
  constexpr const char* kKnown[] = {DUNLIN_AUTH, DUNLIN_ROUTER, DUNLIN_SUBSCRIBE_GUARD, DUNLIN_PUBLISH_FILTER,
                                    DUNLIN_HTTP_ROUTE, DUNLIN_FRAMER, DUNLIN_DRAFT_ENGINE};
  std::vector<std::string> served;
  for (const char* id : kKnown)
    if (module.get_interface(id)) served.emplace_back(id);
  return served;
}

std::vector<std::string> missing_extensions(const dunlin_module& module) {
  std::vector<std::string> missing;
  if (module.required)
    for (const char* const* id = module.required; *id; ++id)
      if (!find_extension(*id)) missing.emplace_back(*id);
  return missing;
}

std::optional<std::string> entry_version(const std::string& file) {
  const auto data = elf_data(file, DUNLIN_ENTRY_SYMBOL, 3 * sizeof(std::uint32_t));
  if (!data) return std::nullopt;
  std::uint32_t words[3];  // magic, major, minor
  std::memcpy(words, data->data(), sizeof words);
  if (words[0] != DUNLIN_MAGIC) return std::nullopt;
  return fmt::format("{}.{}", words[1], words[2]);
}

}  // namespace dunlin
