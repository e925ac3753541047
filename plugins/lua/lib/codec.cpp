// SPDX-License-Identifier: Apache-2.0
// mix.base64_encode, base64_decode, md5, md5_bin, sha1, sha1_bin.
#include <openssl/evp.h>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

int base64_encode(lua_State* state) {
  const std::string_view data = to_charged_view(state, 1);
  if (data.size() > 1024u * 1024 * 1024) return luaL_argerror(state, 1, "over 1 GiB");
  push(state, base64(data));
  return 1;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(lua_State* state) {
  std::string out, error;
  if (!base64_decoded(to_charged_view(state, 1), out, error)) return fail_with(state, "base64_decode: " + error);
  push(state, out);
  return 1;
}

int digest(lua_State* state, const EVP_MD* kind, bool binary) {
  const std::string_view data = to_charged_view(state, 1);
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(data.data(), data.size(), bytes, &size, kind, nullptr) != 1) {
    return luaL_error(state, "this digest is not available in this OpenSSL");
  }
  const std::string_view code(reinterpret_cast<char*>(bytes), size);
  push(state, binary ? std::string(code) : hex(code));
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"base64_encode", base64_encode},
                                   {"base64_decode", base64_decode},
                                   {"md5", [](lua_State* state) { return digest(state, EVP_md5(), false); }},
                                   {"md5_bin", [](lua_State* state) { return digest(state, EVP_md5(), true); }},
                                   {"sha1", [](lua_State* state) { return digest(state, EVP_sha1(), false); }},
                                   {"sha1_bin", [](lua_State* state) { return digest(state, EVP_sha1(), true); }},
                                   {nullptr, nullptr}};

}  // namespace

bool base64_decoded(std::string_view text, std::string& out, std::string& error) {
  if (text.size() % 4 != 0) return error = "the length is no multiple of 4", false;
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  out.reserve(text.size() / 4 * 3 + 3);
  unsigned bits = 0, held = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = base64_value(text[i]);
    if (value < 0) return error = "byte " + std::to_string(i + 1) + " is not of the alphabet", false;
    held = (held << 6) | static_cast<unsigned>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>((held >> bits) & 0xFF);
  }
  if ((held & ((1u << bits) - 1)) != 0) return error = "bits are left over at the end", false;
  return true;
}

std::string hex(std::string_view data) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * data.size());
  for (const char c : data) {
    const auto byte = static_cast<unsigned char>(c);
    out += {kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

std::string base64(std::string_view data) {
  std::string out((data.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(data.data()), static_cast<int>(data.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

void open_mix_codec(lua_State* state) { luaL_setfuncs(state, kFunctions, 0); }

}  // namespace dunlin::lua
