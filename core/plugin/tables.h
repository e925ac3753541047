// SPDX-License-Identifier: Apache-2.0
// What a module serves.
#pragma once

#include <optional>
#include <string>

#include "dunlin/dunlin.h"

namespace dunlin {

// A module's tables, looked up once and copied: what it answers, or does with them, later changes nothing.
struct Tables {
  std::optional<dunlin_auth> auth;
  std::optional<dunlin_router> router;
  std::optional<dunlin_subscribe_guard> guard;
  std::optional<dunlin_publish_filter> filter;
  std::optional<dunlin_http_route> route;
  std::optional<dunlin_framer> framer;

  static Tables of(const dunlin_module& module);
  std::string flaw() const;  // what one of them lacks; empty: nothing
};

// What the table of a module's HTTP routes lacks, or has and may not have; empty: nothing.
std::string flaw_in_routes(const dunlin_http_route& table);

}  // namespace dunlin
