// @NAME@: who is behind a token. The token "PREFIX<digits>" is the user <digits>; the prefix is in the settings.
#include <dunlin.hpp>

#include <string>

namespace {

using namespace dunlin::plugin;

class Module {
 public:
  static constexpr Info kInfo = {
      "@NAME@", "0.1", "PREFIX<digits> is the user <digits>",
      // The server checks the settings against this before they come here, and points at file, line and column.
      R"({"type": "object", "required": ["prefix"], "additionalProperties": false, "properties": {"prefix":
          {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "minLength": 1, "maxLength": 64}}})"};

  // Made once, shared by all workers, never changed.
  struct Settings {
    explicit Settings(const Setup& setup) {
      // The schema leaves {"prefix":"…"} without a backslash; with more settings than one use a JSON library.
      const std::size_t colon = setup.json.find(':'), begin = setup.json.find('"', colon) + 1;
      prefix = setup.json.substr(begin, setup.json.find('"', begin) - begin);
      if (prefix.empty()) throw SettingsFault("/prefix", "is empty");
    }
    std::string prefix;
  };

  // One a worker.
  Module(const Host&, const Settings& settings) : settings_(settings) {}

  Verdict check(Conn, const Credentials& credentials) {
    const std::string_view token = credentials.token, prefix = settings_.prefix;
    if (token.size() <= prefix.size() || token.substr(0, prefix.size()) != prefix) return Verdict::pass();  // not mine
    const std::string_view digits = token.substr(prefix.size());
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) return Verdict::deny("no number");
    return Verdict::allow(Identity::of_number(std::string(digits)));
  }

 private:
  const Settings& settings_;
};

}  // namespace

DUNLIN_PLUGIN(Module)
