// SPDX-License-Identifier: Apache-2.0
// What `dunlin plugin new` writes; generated from plugin-api/template when the build is configured.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin {

struct Template {
  std::string_view file;  // @NAME@ stands for the plugin's name, as in the text
  std::set<std::string> kinds, languages;
  std::string_view text;
};

std::vector<Template> templates();

}  // namespace dunlin
