// SPDX-License-Identifier: Apache-2.0
#include "core/cli/publish.h"

#include <curl/curl.h>

#include <memory>

#include <fmt/format.h>

#include "core/base/json.h"

namespace dunlin {
namespace {

constexpr long kTimeoutMs = 10'000;

std::size_t append(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

Result<std::string> counts(long status, const std::string& answer) {
  const auto document = json::parse(answer);
  const json::Value* r = document && document->IsObject() ? json::member(*document, "r") : nullptr;
  const json::Value* error = document && document->IsObject() ? json::member(*document, "E") : nullptr;
  if (r && r->IsObject() && json::member(*r, "s") && json::member(*r, "f"))
    return fmt::format("handed to {}, failed {}", json::print(*json::member(*r, "s")), json::print(*json::member(*r, "f")));
  const json::Value* why = error && error->IsObject() ? json::member(*error, "m") : nullptr;
  return fail(Errc::unavailable, fmt::format("HTTP {}: {}", status, why && why->IsString() ? std::string(json::text_of(*why)) : answer));
}

}  // namespace

Result<std::string> publish_once(const PublishRequest& request) {
  if (!is_utf8(request.channel) || !is_utf8(request.data))
    return fail(Errc::bad_input, "channel and data must be UTF-8; for other bytes give base64 and --binary");
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  const std::string url = request.api + "/v1/mesh/publish";
  const std::string body = fmt::format(R"({{"c":{},"d":{},"t":"{}"}})", json::quote(request.channel),
                                       json::quote(request.data), request.binary ? "binary" : "text");
  std::string answer;
  char why[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, why);
  if (!request.user.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(curl.get(), CURLOPT_USERPWD, request.user.c_str());
  }
  if (const CURLcode code = curl_easy_perform(curl.get()); code != CURLE_OK)
    return fail(Errc::unavailable, fmt::format("{}: {}", url, why[0] ? why : curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  return counts(status, answer);
}

}  // namespace dunlin
