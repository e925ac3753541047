// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/exact_json.h"

#include <algorithm>
#include <charconv>

#include <rapidjson/encodedstream.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace dunlin::http_auth {
namespace {

using rapidjson::SizeType;

constexpr char kNumberMark = 'n';
constexpr char kStringMark = 's';
constexpr int kMaxDepth = 64;
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                            rapidjson::kParseNumbersAsStringsFlag;

// Builds the document, with the marks. A handler that answers false ends the parsing.
class Marker : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Marker> {
 public:
  explicit Marker(rapidjson::Document& out) : out_(out) {}

  bool Null() { return out_.Null(); }
  bool Bool(bool value) { return out_.Bool(value); }
  bool RawNumber(const char* text, SizeType size, bool) { return marked(kNumberMark, text, size); }
  bool String(const char* text, SizeType size, bool) { return marked(kStringMark, text, size); }
  bool Key(const char* text, SizeType size, bool) { return out_.Key(text, size, true); }
  bool StartObject() { return ++depth_ <= kMaxDepth && out_.StartObject(); }
  bool StartArray() { return ++depth_ <= kMaxDepth && out_.StartArray(); }
  bool EndObject(SizeType count) { return --depth_, out_.EndObject(count); }
  bool EndArray(SizeType count) { return --depth_, out_.EndArray(count); }

 private:
  bool marked(char mark, const char* text, SizeType size) {
    scratch_.assign(1, mark).append(text, size);
    return out_.String(scratch_.data(), static_cast<SizeType>(scratch_.size()), true);
  }

  rapidjson::Document& out_;
  std::string scratch_;
  int depth_ = 0;
};

// Writes a document without the marks.
class Unmarker : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Unmarker> {
 public:
  explicit Unmarker(rapidjson::StringBuffer& out) : writer_(out) {}

  bool Null() { return writer_.Null(); }
  bool Bool(bool value) { return writer_.Bool(value); }
  bool Key(const char* text, SizeType size, bool) { return writer_.Key(text, size); }
  bool StartObject() { return writer_.StartObject(); }
  bool StartArray() { return writer_.StartArray(); }
  bool EndObject(SizeType count) { return writer_.EndObject(count); }
  bool EndArray(SizeType count) { return writer_.EndArray(count); }
  bool String(const char* text, SizeType size, bool) {
    if (text[0] == kNumberMark) return writer_.RawValue(text + 1, size - 1, rapidjson::kNumberType);
    return writer_.String(text + 1, size - 1);
  }

 private:
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

bool read(std::string_view text, auto& handler) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark, which some editors put before a script
  rapidjson::MemoryStream stream(text.data() != nullptr ? text.data() : "", text.size());
  rapidjson::Reader reader;
  // The reader takes a NUL for the end; what follows one must not go unseen.
  return !reader.Parse<kFlags>(stream, handler).IsError() && stream.Tell() == text.size();
}

const rapidjson::Value* step(const rapidjson::Value& from, const std::string& name) {
  if (from.IsObject()) {
    const auto found = from.FindMember(rapidjson::Value(rapidjson::StringRef(name.data(), SizeType(name.size()))));
    return found == from.MemberEnd() ? nullptr : &found->value;
  }
  if (!from.IsArray()) return nullptr;
  SizeType index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  return whole && index < from.Size() ? &from[index] : nullptr;
}

// RFC 6901: "~1" is a slash, "~0" a tilde.
std::string unescape(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool escaped = name[i] == '~' && i + 1 < name.size() && (name[i + 1] == '0' || name[i + 1] == '1');
    out += !escaped ? name[i] : name[++i] == '0' ? '~' : '/';
  }
  return out;
}

}  // namespace

std::optional<Path> parse_path(std::string_view text) {
  const bool pointer = text.starts_with('/');
  if (pointer) text.remove_prefix(1);
  Path path;
  for (bool more = true; more;) {
    const auto end = text.find(pointer ? '/' : '.');
    more = end != std::string_view::npos;
    const std::string_view name = text.substr(0, end);
    if (name.empty()) return std::nullopt;
    path.push_back(pointer ? unescape(name) : std::string(name));
    if (more) text.remove_prefix(end + 1);
  }
  return path;
}

std::optional<ExactJson> ExactJson::parse(std::string_view text) {
  ExactJson json;
  bool good = false;
  auto fill = [&](rapidjson::Document& document) {
    Marker marker(document);
    return good = read(text, marker);
  };
  json.document_.Populate(fill);
  if (!good) return std::nullopt;
  return json;
}

const ExactJson::Value* ExactJson::find(const Path& path) const {
  const Value* at = &document_;
  for (const std::string& name : path) {
    at = step(*at, name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

Kind ExactJson::kind(const Value& value) {
  if (value.IsString()) return value.GetString()[0] == kNumberMark ? Kind::number : Kind::string;
  if (value.IsObject()) return Kind::object;
  if (value.IsArray()) return Kind::array;
  return value.IsBool() ? Kind::boolean : Kind::null;
}

std::string_view ExactJson::text(const Value& value) {
  return {value.GetString() + 1, std::size_t{value.GetStringLength()} - 1};
}

std::string ExactJson::print(const Value& value) {
  rapidjson::StringBuffer buffer;
  Unmarker unmarker(buffer);
  value.Accept(unmarker);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string quote(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data() != nullptr ? text.data() : "", static_cast<SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

bool is_utf8(std::string_view text) {
  rapidjson::MemoryStream in(text.data() != nullptr ? text.data() : "", text.size());
  rapidjson::StringBuffer ignored;
  while (in.Tell() < text.size()) {
    ignored.Clear();
    if (!rapidjson::UTF8<>::Validate(in, ignored) || in.Tell() > text.size()) return false;
  }
  return true;
}

}  // namespace dunlin::http_auth
