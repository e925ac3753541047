// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/tables.h"

namespace dunlin {
namespace {

template <class Table>
void look_up(const dunlin_module& module, const char* id, std::optional<Table>& into) {
  if (const auto* table = static_cast<const Table*>(module.get_interface(id))) into = *table;
}

}  // namespace

Tables Tables::of(const dunlin_module& module) {
  Tables tables;
  look_up(module, DUNLIN_AUTH, tables.auth);
  look_up(module, DUNLIN_ROUTER, tables.router);
  look_up(module, DUNLIN_SUBSCRIBE_GUARD, tables.guard);
  look_up(module, DUNLIN_PUBLISH_FILTER, tables.filter);
  look_up(module, DUNLIN_HTTP_ROUTE, tables.route);
  look_up(module, DUNLIN_FRAMER, tables.framer);
  return tables;
}

std::string Tables::flaw() const {
  if (auth && !auth->check) return "its " DUNLIN_AUTH " lacks check";
  if (router && !(router->open && router->message && router->close))
    return "its " DUNLIN_ROUTER " lacks open, message or close";
  if (guard && !guard->check) return "its " DUNLIN_SUBSCRIBE_GUARD " lacks check";
  if (filter && !filter->filter) return "its " DUNLIN_PUBLISH_FILTER " lacks filter";
  if (framer && !framer->input) return "its " DUNLIN_FRAMER " lacks input";
  return route ? flaw_in_routes(*route) : "";
}

}  // namespace dunlin
