// SPDX-License-Identifier: Apache-2.0
// Text with placeholders such as {{token}}. What a placeholder stands for comes from strangers, so that it is never
// pasted: each is written in the form that its surroundings ask for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::http_auth {

// Where the text is going, and so how a value is written into it.
enum class Place {
  json,    // as a JSON value: a string with its quotes, or null where there is none. It must be UTF-8
  percent,  // percent-encoded but for letters, digits and - . _ ~
  header,  // as it is; one with a control character (CR, LF, NUL …) cannot be written
};

enum class Source { token, remote_addr, remote_ip, path, method, uri, host, tls_subject, tls_certificate, header, query, cookie };

// What the placeholders stand for, for one log-in.
class Values {
 public:
  virtual ~Values() = default;
  // Nothing: this log-in has none. `name` is that of a header (in lower case), query parameter or cookie.
  virtual std::optional<std::string_view> get(Source source, const std::string& name) const = 0;
};

class Template {
 public:
  Template() = default;

  // Nothing: `error` says what is wrong, and what would be right.
  static std::optional<Template> parse(std::string_view text, Place place, std::string& error);

  // Nothing: a value cannot be written at this place.
  std::optional<std::string> expand(const Values& values) const;

  bool uses(Source source) const;
  bool has_placeholders() const { return !parts_.empty(); }
  // The text before the first placeholder.
  const std::string& head() const { return parts_.empty() ? tail_ : parts_.front().before; }

 private:
  struct Part {
    std::string before;
    Source source;
    std::string name;  // of a header, query parameter or cookie
  };

  Place place_ = Place::json;
  std::vector<Part> parts_;
  std::string tail_;
};

}  // namespace dunlin::http_auth
