// SPDX-License-Identifier: Apache-2.0
// Two passes: the rows read each key by itself into a Draft, finish() then compiles what depends on several keys.
#include "plugins/http-auth/settings.h"

#include <dunlin.hpp>

#include <algorithm>
#include <fstream>
#include <span>

#include "plugins/http-auth/request.h"

namespace dunlin::http_auth {
namespace {

using Value = rapidjson::Value;

struct Draft {
  Settings settings;
  std::optional<std::string> url;
  std::optional<std::string> body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// One value, its place, and where to say what is wrong with it.
struct In {
  const Value& value;
  std::string pointer;
  Fault& fault;

  bool wrong(std::string what) const {
    fault = {pointer, std::move(what)};
    return false;
  }
  In at(std::string_view name, const Value& member) const {
    std::string escaped;
    for (const char c : name) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return {member, pointer + "/" + escaped, fault};
  }
};

std::string_view text_of(const Value& value) { return {value.GetString(), value.GetStringLength()}; }

bool read_text(const In& in, std::string& out) {
  if (!in.value.IsString()) return in.wrong("this must be a text");
  out = text_of(in.value);
  return true;
}

bool read_flag(const In& in, bool& out) {
  if (!in.value.IsBool()) return in.wrong("this must be true or false");
  out = in.value.GetBool();
  return true;
}

bool read_number(const In& in, std::int64_t least, std::int64_t most, std::int64_t& out) {
  if (!in.value.IsInt64() || in.value.GetInt64() < least || in.value.GetInt64() > most)
    return in.wrong("this must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  out = in.value.GetInt64();
  return true;
}

bool read_duration(const In& in, std::int64_t least_ms, std::int64_t& out) {
  constexpr std::int64_t kMost = 24 * 3'600'000;
  if (in.value.IsInt64()) {
    const std::string number = std::to_string(in.value.GetInt64());
    return in.wrong(number + " has no unit; write " + number + "s or " + number + "ms");
  }
  std::string text;
  if (!read_text(in, text)) return false;
  const auto parsed = plugin::parse_duration(text);
  if (!parsed) return in.wrong("\"" + text + "\" is no duration; write 500ms, 3s, 5m or 1h");
  if (*parsed < least_ms || *parsed > kMost)
    return in.wrong(text + " is out of range: from " + std::to_string(least_ms) + "ms to 24h");
  out = *parsed;
  return true;
}

bool read_size(const In& in, std::int64_t& out) {
  constexpr std::int64_t kMost = 64 * 1024 * 1024;
  std::optional<std::int64_t> size;
  if (in.value.IsInt64()) size = in.value.GetInt64();
  if (in.value.IsString()) size = plugin::parse_size(text_of(in.value));
  if (!size || *size < 1 || *size > kMost) return in.wrong("this is no size from 1B to 64MiB; write 64KiB");
  out = *size;
  return true;
}

bool read_path(const In& in, Path& out) {
  std::string text;
  if (!read_text(in, text)) return false;
  auto path = parse_path(text);
  if (!path) return in.wrong("\"" + text + "\" has an empty name; write data.user.id or /data/user/id");
  out = std::move(*path);
  return true;
}

bool read_path(const In& in, std::optional<Path>& out) { return read_path(in, out.emplace()); }

bool read_context(const In& in, std::vector<std::pair<std::string, Path>>& out) {
  if (in.value.IsArray()) {
    for (rapidjson::SizeType i = 0; i < in.value.Size(); ++i) {
      Path path;
      if (!read_path(in.at(std::to_string(i), in.value[i]), path)) return false;
      // data.user.name is kept as "name".
      std::string name = path.back();
      out.emplace_back(std::move(name), std::move(path));
    }
    return true;
  }
  if (!in.value.IsObject()) return in.wrong("this must be a list of names, or a map from name to place");
  for (const auto& member : in.value.GetObject()) {
    Path path;
    if (text_of(member.name).empty()) return in.wrong("a context field has an empty name");
    if (!read_path(in.at(text_of(member.name), member.value), path)) return false;
    out.emplace_back(text_of(member.name), std::move(path));
  }
  return true;
}

// 404, or "4xx" for all of a hundred.
bool read_status(const In& in, StatusSet& out) {
  if (in.value.IsInt() && in.value.GetInt() >= 100 && in.value.GetInt() < 600) {
    out.set(static_cast<std::size_t>(in.value.GetInt()));
    return true;
  }
  const std::string_view text = in.value.IsString() ? text_of(in.value) : std::string_view();
  if (text.size() != 3 || text[0] < '1' || text[0] > '5' || !text.ends_with("xx"))
    return in.wrong("this is no HTTP status; write 404, or 4xx for all from 400 to 499");
  const auto first = static_cast<std::size_t>(text[0] - '0') * 100;
  for (std::size_t code = first; code < first + 100; ++code) out.set(code);
  return true;
}

bool read_statuses(const In& in, StatusSet& out) {
  if (!in.value.IsArray()) return in.wrong("this must be a list of HTTP statuses, such as [401, 403]");
  out.reset();
  for (rapidjson::SizeType i = 0; i < in.value.Size(); ++i)
    if (!read_status(in.at(std::to_string(i), in.value[i]), out)) return false;
  return true;
}

bool read_method(const In& in, std::string& out) {
  if (!read_text(in, out)) return false;
  const bool known = out == "GET" || out == "POST" || out == "PUT" || out == "PATCH";
  return known || in.wrong("this must be GET, POST, PUT or PATCH");
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool read_headers(const In& in, std::vector<std::pair<std::string, std::string>>& out) {
  if (!in.value.IsObject()) return in.wrong("this must be a map from name to text");
  for (const auto& member : in.value.GetObject()) {
    const In at = in.at(text_of(member.name), member.value);
    const std::string name = lower(std::string(text_of(member.name)));
    const bool token = !name.empty() && name.find_first_not_of("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") ==
                                            std::string::npos;
    if (!token) return at.wrong("\"" + name + "\" is no name of a header");
    if (name == "content-length" || name == "transfer-encoding") return at.wrong("this header is set by the client");
    std::string text;
    if (!read_text(at, text)) return false;
    if (has_control(text)) return at.wrong("a header must be one line without control characters");
    out.emplace_back(text_of(member.name), std::move(text));
  }
  return true;
}

struct Row {
  std::string_view name;
  bool (*read)(const In& in, Draft& draft);
};

bool read_rows(const In& in, std::span<const Row> rows, Draft& draft) {
  if (!in.value.IsObject()) return in.wrong("this must be a map");
  for (const auto& member : in.value.GetObject()) {
    const In at = in.at(text_of(member.name), member.value);
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.name == text_of(member.name); });
    if (row == rows.end()) return at.wrong("there is no such setting");
    if (!row->read(at, draft)) return false;
  }
  return true;
}

constexpr Row kRetryRows[] = {
    {"percent", [](const In& in, Draft& d) { return read_number(in, 0, 100, d.settings.retry_percent); }},
    {"burst", [](const In& in, Draft& d) { return read_number(in, 0, 10'000, d.settings.retry_burst); }},
};

constexpr Row kBreakerRows[] = {
    {"failures", [](const In& in, Draft& d) { return read_number(in, 1, 1'000'000, d.settings.breaker_failures); }},
    {"open", [](const In& in, Draft& d) { return read_duration(in, 1, d.settings.breaker_open_ms); }},
};

constexpr Row kCacheRows[] = {
    {"ttl", [](const In& in, Draft& d) { return read_duration(in, 1, d.settings.cache_ttl_ms); }},
    {"deny_ttl", [](const In& in, Draft& d) { return read_duration(in, 0, d.settings.cache_deny_ttl_ms); }},
    {"size", [](const In& in, Draft& d) { return read_number(in, 1, 10'000'000, d.settings.cache_size); }},
};

constexpr Row kRows[] = {
    {"url", [](const In& in, Draft& d) { return read_text(in, d.url.emplace()); }},
    {"method", [](const In& in, Draft& d) { return read_method(in, d.settings.method); }},
    {"headers", [](const In& in, Draft& d) { return read_headers(in, d.headers); }},
    {"body", [](const In& in, Draft& d) { return read_text(in, d.body.emplace()); }},
    {"timeout", [](const In& in, Draft& d) { return read_duration(in, 1, d.settings.timeout_ms); }},
    {"retries", [](const In& in, Draft& d) { return read_number(in, 0, 5, d.settings.retries); }},
    {"retry_budget", [](const In& in, Draft& d) { return read_rows(in, kRetryRows, d); }},
    {"uid_field", [](const In& in, Draft& d) { return read_path(in, d.settings.uid); }},
    {"context_fields", [](const In& in, Draft& d) { return read_context(in, d.settings.context); }},
    {"channels_field", [](const In& in, Draft& d) { return read_path(in, d.settings.channels); }},
    {"expires_field", [](const In& in, Draft& d) { return read_path(in, d.settings.expires); }},
    {"allow_status", [](const In& in, Draft& d) { return read_statuses(in, d.settings.allow); }},
    {"deny_status", [](const In& in, Draft& d) { return read_statuses(in, d.settings.deny); }},
    {"connections", [](const In& in, Draft& d) { return read_number(in, 1, 1024, d.settings.connections); }},
    {"cache", [](const In& in, Draft& d) { return d.settings.cache = true, read_rows(in, kCacheRows, d); }},
    {"breaker", [](const In& in, Draft& d) { return read_rows(in, kBreakerRows, d); }},
    {"verify_tls", [](const In& in, Draft& d) { return read_flag(in, d.settings.verify_tls); }},
    {"ca_file", [](const In& in, Draft& d) { return read_text(in, d.settings.ca_file); }},
    {"max_body", [](const In& in, Draft& d) { return read_size(in, d.settings.max_body); }},
};

// Stands in for every value, to see what a template comes to.
class Sample : public Values {
 public:
  explicit Sample(std::optional<std::string_view> value) : value_(value) {}
  std::optional<std::string_view> get(Source, const std::string&) const override { return value_; }

 private:
  std::optional<std::string_view> value_;
};

bool compile(const In& in, std::string_view text, Place place, Template& out) {
  std::string error;
  auto parsed = Template::parse(text, place, error);
  if (!parsed) return in.wrong(std::move(error));
  out = std::move(*parsed);
  return true;
}

bool finish_url(const In& in, Draft& draft) {
  const std::string& url = *draft.url;
  const bool scheme = url.starts_with("http://") || url.starts_with("https://");
  const auto host = url.find("://") + 3;
  if (!scheme || path_begin(url) <= host) return in.wrong("this must begin with http:// or https:// and a host");
  if (has_control(url) || url.find("{{") < path_begin(url))
    return in.wrong("the host is fixed: a placeholder may stand only in the path or the query");
  if (!compile(in, url, Place::percent, draft.settings.url)) return false;
  const std::string sample = draft.settings.url.expand(Sample("x")).value_or("");
  if (sample.find(' ') != std::string::npos) return in.wrong("a URL has no spaces; write %20");
  return !has_dot_segment(sample) || in.wrong("the path has a segment . or ..; write the path that is meant");
}

bool finish_headers(const In& in, Draft& draft) {
  for (const auto& [name, text] : draft.headers) {
    Template compiled;
    if (!compile(in.at("headers", in.value).at(name, in.value), text, Place::header, compiled)) return false;
    draft.settings.headers.emplace_back(name, std::move(compiled));
  }
  return true;
}

std::string content_type(const Draft& draft) {
  for (const auto& [name, text] : draft.headers)
    if (lower(name) == "content-type") return lower(text);
  return {};
}

bool finish_body(const In& in, Draft& draft) {
  Settings& settings = draft.settings;
  if (!draft.body && settings.method != "GET") draft.body = R"({"token":{{token}}})";
  if (!draft.body) return true;
  std::string type = content_type(draft);
  if (type.empty()) {
    type = "application/json";
    std::string none;
    settings.headers.emplace_back("content-type", *Template::parse(type, Place::header, none));
  }
  const bool json = type.find("json") != std::string::npos;
  const bool form = type.starts_with("application/x-www-form-urlencoded");
  if (!compile(in, *draft.body, json ? Place::json : Place::percent, settings.body)) return false;
  if (!json && !form && settings.body.has_placeholders())
    return in.wrong("a placeholder cannot be written safely into " + type + "; use JSON or a form");
  if (!json) return true;
  for (const Sample& sample : {Sample("x"), Sample(std::nullopt)})
    if (!ExactJson::parse(settings.body.expand(sample).value_or("")))
      return in.wrong("this does not become JSON. A placeholder brings its own quotes: write {\"token\": {{token}}}");
  return true;
}

bool asks_for_somebody(const Settings& settings) {
  return settings.url.has_placeholders() || settings.body.has_placeholders() ||
         std::any_of(settings.headers.begin(), settings.headers.end(),
                     [](const auto& header) { return header.second.has_placeholders(); });
}

bool finish_ca_file(const In& in, std::string_view directory, std::string& file) {
  if (file.empty()) return true;
  if (!file.starts_with('/')) file = std::string(directory) + "/" + file;
  return std::ifstream(file).good() || in.wrong("cannot read " + file);
}

bool finish(const In& in, std::string_view directory, Draft& draft) {
  Settings& settings = draft.settings;
  if (!draft.url) return in.wrong("url is missing: whom to ask, such as http://127.0.0.1:8000/websocket_auth");
  const auto at = [&](std::string_view name) { return in.at(name, in.value); };
  if (!finish_url(at("url"), draft) || !finish_headers(in, draft) || !finish_body(at("body"), draft)) return false;
  if (!asks_for_somebody(settings))
    return in.wrong("nothing in the request says who asks: put {{token}} into url, headers or body");
  const StatusSet both = settings.allow & settings.deny;
  for (std::size_t code = 0; code < both.size(); ++code)
    if (both[code]) return at("deny_status").wrong(std::to_string(code) + " is in allow_status too");
  return finish_ca_file(at("ca_file"), directory, settings.ca_file);
}

}  // namespace

std::optional<Settings> parse_settings(std::string_view json, std::string_view directory, Fault& fault) {
  Draft draft;
  for (std::size_t code = 200; code < 300; ++code) draft.settings.allow.set(code);
  for (const std::size_t code : {401u, 403u, 404u}) draft.settings.deny.set(code);
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError()) {
    fault = {"", "the settings are not JSON"};
    return std::nullopt;
  }
  const In in{document, "", fault};
  if (!read_rows(in, kRows, draft) || !finish(in, directory, draft)) return std::nullopt;
  return std::move(draft.settings);
}

}  // namespace dunlin::http_auth
