// SPDX-License-Identifier: Apache-2.0
// The text is read token by token, without a grammar: of that, only which function a `...` or an `arg` belongs to has to
// be known, and for it which words open a block and which close one.
//
// As in Lua 5.1, a function has `arg` when its parameters end in `...` and it does not use `...` itself; a function
// within it sees it, too.
#include "plugins/lua/source51.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace dunlin::lua {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_letter(c) || is_digit(c); }

class Rewriter {
 public:
  explicit Rewriter(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (!skip_blank()) token();
    }
    return apply();
  }

 private:
  struct Block {
    bool function = false;
    bool head = false;  // its parameters are being read
    bool varargs = false, uses_dots = false, uses_arg = false;
    std::size_t body = 0;  // where it begins
  };
  struct Edit {
    std::size_t at, erased;
    std::string_view inserted;
  };

  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  // The length of "[[", "[=[" …, or 0.
  std::size_t long_bracket() const {
    if (peek() != '[') return 0;
    std::size_t level = 1;
    while (peek(level) == '=') ++level;
    return peek(level) == '[' ? level + 1 : 0;
  }

  void skip_long(std::size_t opening) {
    const std::string closing = "]" + std::string(opening - 2, '=') + "]";
    const auto end = text_.find(closing, at_ + opening);
    at_ = end == text_.npos ? text_.size() : end + closing.size();
  }

  bool skip_blank() {
    if (std::strchr(" \t\r\n\f\v", peek()) && peek() != '\0') return ++at_, true;
    if (peek() != '-' || peek(1) != '-') return false;
    at_ += 2;
    if (const std::size_t opening = long_bracket()) return skip_long(opening), true;
    const auto end = text_.find('\n', at_);
    return at_ = end == text_.npos ? text_.size() : end, true;
  }

  void token() {
    const char c = peek();
    if (is_letter(c)) return word();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return string(c);
    if (const std::size_t opening = long_bracket()) return skip_long(opening), mark("string");
    if (text_.substr(at_).starts_with("...")) return dots();
    if (text_.substr(at_).starts_with("..")) return at_ += 2, mark("..");
    if (c == ')' && in_head()) end_head();
    mark(text_.substr(at_++, 1));
  }

  void mark(std::string_view last) { last_ = last; }

  void number() {
    for (char before = '\0'; is_word(peek()) || peek() == '.' ||
                             ((peek() == '+' || peek() == '-') && std::strchr("eEpP", before) && before != '\0');
         ++at_)
      before = peek();
    mark("number");
  }

  void string(char quote) {
    for (++at_; at_ < text_.size() && peek() != quote && peek() != '\n'; ++at_) {
      if (peek() == '\\') escape();
    }
    ++at_;
    mark("string");
  }

  // At a backslash; ends at the last byte of the escape that matters here.
  void escape() {
    const char c = peek(1);
    const bool known = (std::strchr("abfnrtvz\\\"'\n\r", c) && c != '\0') || is_digit(c) ||
                       (c == 'x' && is_hex(peek(2)) && is_hex(peek(3))) || (c == 'u' && peek(2) == '{');
    if (!known) edits_.push_back({at_, 1, {}});
    if (c == 'z') {
      for (at_ += 2; std::strchr(" \t\r\n\f\v", peek()) && peek() != '\0'; ++at_) {}
      --at_;
    } else if (c == '\r' && peek(2) == '\n') {
      at_ += 2;
    } else if (c != '\0') {
      ++at_;
    }
  }

  bool in_head() const { return !blocks_.empty() && blocks_.back().head; }

  Block* function_here() {
    for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block)
      if (block->function) return &*block;
    return nullptr;
  }

  void dots() {
    at_ += 3;
    mark("...");
    if (in_head()) blocks_.back().varargs = true;
    else if (Block* function = function_here()) function->uses_dots = true;
  }

  void end_head() {
    blocks_.back().head = false;
    blocks_.back().body = at_ + 1;
  }

  void word() {
    const std::size_t start = at_;
    while (is_word(peek())) ++at_;
    const std::string_view name = text_.substr(start, at_ - start);
    const bool field = last_ == "." || last_ == ":";
    mark(name);
    if (field) return;
    if (name == "function") {
      push({.function = true, .head = true});
    } else if (name == "do" || name == "if" || name == "repeat") {
      push({});
    } else if (name == "end" || name == "until") {
      close();
    } else if (name == "arg" && !in_head()) {
      if (Block* function = function_here()) function->uses_arg = true;
    }
  }

  // What Lua refuses to compile because it is nested deeper need not be read further.
  void push(Block block) {
    constexpr std::size_t kDeepest = 250;
    blocks_.push_back(block);
    if (blocks_.size() > kDeepest) at_ = text_.size();
  }

  void close() {
    if (blocks_.empty()) return;
    const Block block = blocks_.back();
    blocks_.pop_back();
    if (!block.function || !block.uses_arg) return;
    if (!block.varargs) {
      if (Block* outer = function_here()) outer->uses_arg = true;
    } else if (!block.uses_dots) {
      edits_.push_back({block.body, 0, " local arg = (\"\"):__arg(...);"});
    }
  }

  std::string apply() {
    if (edits_.empty()) return std::string(text_);
    std::sort(edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) { return a.at < b.at; });
    std::string out;
    std::size_t done = 0;
    for (const Edit& edit : edits_) {
      out.append(text_, done, edit.at - done).append(edit.inserted);
      done = edit.at + edit.erased;
    }
    return out.append(text_, done);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view last_;  // the token before
  std::vector<Block> blocks_;
  std::vector<Edit> edits_;
};

// A byte order mark and a first line that begins with '#', as luaL_loadfilex passes over them; its line end stays.
std::string_view without_first_comment(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.starts_with('#')) text.remove_prefix(std::min(text.size(), text.find('\n')));
  return text;
}

}  // namespace

std::string from_lua51(std::string_view text) { return Rewriter(text).run(); }

int load_text(lua_State* state, std::string_view text, const char* name) {
  const std::string source = from_lua51(text);
  return luaL_loadbufferx(state, source.data(), source.size(), name, "t");
}

int load_file(lua_State* state, const char* path) {
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path, "rbe"));
  std::string text;
  char piece[16384];
  while (file) {
    const std::size_t size = std::fread(piece, 1, sizeof piece, file.get());
    if (size == 0) break;
    text.append(piece, size);
  }
  if (!file || std::ferror(file.get())) {
    lua_pushfstring(state, "cannot open %s: %s", path, std::strerror(errno));
    return LUA_ERRFILE;
  }
  return load_text(state, without_first_comment(text), (std::string("@") + path).c_str());
}

}  // namespace dunlin::lua
