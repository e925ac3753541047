// SPDX-License-Identifier: Apache-2.0
// Every function that a script finds in `mix`, and every method of a connection, has an entry in docs/.
#include <sstream>

#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

std::string page(const char* name) {
  std::ifstream file(std::string(DUNLIN_DOCS_FOLDER) + "/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Documented in tables of pages of their own.
bool has_own_page(const std::string& name) {
  for (const char* prefix : {"mix.socket.", "mix.queue.", "mix.redis.", "conn:clear_buffer"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

class Docs : public LuaTest {
 protected:
  std::vector<std::string> functions() {
    load("function on_message() local conn = mix.websocket() "
         "local function list(t, name) for k, v in pairs(t) do "
         "if type(v) == 'function' then conn:send(name .. k) "
         "elseif type(v) == 'table' then list(v, name .. k .. '.') end end end list(mix, 'mix.') end");
    message(1, "");
    std::vector<std::string> names = received(1);
    for (const char* method : {"client_id", "remote_addr", "context", "context_value", "set_context", "set_context_value",
                               "wait_context_value", "subscribe", "unsubscribe", "send", "close", "authenticate", "uid"}) {
      names.push_back(std::string("conn:") + method);
    }
    return names;
  }
};

TEST_F(Docs, HaveAnEntryForEachCall) {
  const std::string text = page("lua-api.md");
  const std::vector<std::string> names = functions();
  EXPECT_GT(names.size(), 40u);
  for (const std::string& name : names) {
    if (has_own_page(name)) continue;
    const auto begin = text.find("\n### `" + name + "(");
    ASSERT_NE(begin, text.npos) << name << " has no entry";
    const std::string entry = text.substr(begin, text.find("\n### ", begin + 1) - begin);
    for (const char* part : {"- **Where:** ", "- **Arguments:** ", "- **Returns:** ", "- **Errors:** ", "```lua\n"}) {
      EXPECT_NE(entry.find(part), entry.npos) << name << " lacks " << part;
    }
  }
}

// What is documented is there.
TEST_F(Docs, TellOfNothingElse) {
  load(evaluator());
  std::istringstream lines(page("lua-api.md"));
  int entries = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("### `")) continue;
    std::string name = line.substr(5, line.find('(') - 5);
    if (name.starts_with("conn:")) name.replace(0, 5, "mix.websocket().");
    EXPECT_EQ(eval("type(" + name + ")"), "function") << name;
    ++entries;
  }
  EXPECT_GT(entries, 50);
}

// The examples of the reference compile.
TEST_F(Docs, HaveExamplesThatCompile) {
  load("function on_message(m) mix.websocket():send(tostring(select(2, load(m.data)) or "
       "'compiles')) end");
  const std::string text = page("lua-api.md");
  int examples = 0;
  for (auto at = text.find("```lua\n"); at != text.npos; at = text.find("```lua\n", at + 1)) {
    const std::string code = text.substr(at + 7, text.find("```", at + 7) - at - 7);
    const bool expression = code.starts_with("mix.") && code.find(" = ") == code.npos;
    EXPECT_EQ(ask(1, expression ? "local _ = " + code : code), "compiles") << code;
    ++examples;
  }
  EXPECT_GT(examples, 50);
}

}  // namespace
}  // namespace dunlin::test
