// SPDX-License-Identifier: Apache-2.0
#include "plugins/jwt-auth/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "plugins/jwt-auth/json.h"
#include "signer.h"

namespace dunlin::jwt_auth {
namespace {

struct SettingsTest : testing::Test {
  SettingsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "dunlin-jwt-XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  ~SettingsTest() override { std::filesystem::remove_all(folder); }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder + "/" + name) << text; }
  std::optional<Settings> parse(const std::string& json) { return parse_settings(json, folder, fault); }

  std::string folder;
  Fault fault;
};

TEST_F(SettingsTest, the_schema_is_json) { EXPECT_TRUE(parse_json(kSchema)); }

TEST_F(SettingsTest, keys_from_every_source) {
  const Pkey rsa = make_key("RSA"), ec = make_key("P-256");
  write("rsa.pem", public_pem(rsa.get()));
  write("set.json", R"({"keys":[)" + public_jwk(ec.get(), "P-256", "e1") + "]}");
  const auto settings = parse(R"({"algorithms":["RS256","ES256","HS256"],"secret":"0123456789abcdef0123456789abcdef",
                                  "keys":[{"file":"rsa.pem","kid":"r1"}],"jwks":"set.json","leeway":"5s","audience":"a"})");
  ASSERT_TRUE(settings) << fault.pointer << " " << fault.what;
  ASSERT_EQ(settings->keys.size(), 3u);
  EXPECT_EQ(settings->keys[1].kid, "r1");
  EXPECT_EQ(settings->keys[2].kid, "e1");
  EXPECT_EQ(settings->leeway_s, 5);
  EXPECT_EQ(settings->audiences, std::vector<std::string>{"a"});
}

TEST_F(SettingsTest, each_fault_has_its_pointer) {
  write("bad.pem", "nothing");
  write("bad.json", "{");
  const Pkey rsa = make_key("RSA");
  write("rsa.pem", public_pem(rsa.get()));
  struct Bad {
    const char *json, *pointer, *what;
  };
  const Bad kBad[] = {
      {R"({"algorithms":[]})", "/algorithms", "is empty"},
      {R"({"algorithms":["none"]})", "/algorithms/0", "\"none\" is not served"},
      {R"({"algorithms":["HS256"]})", "/algorithms/0", "HS256 needs a `secret`"},
      {R"({"algorithms":["RS256"],"secret":"0123456789abcdef0123456789abcdef"})", "/algorithms/0", "RS256 needs a key"},
      {R"({"algorithms":["HS256"],"secret":"short"})", "/secret", "has 5 bytes"},
      {R"({"algorithms":["HS256"],"secret":"-----BEGIN PUBLIC KEY-----0123456789"})", "/secret", "looks like a PEM key"},
      {R"({"algorithms":["RS256"],"keys":[{"file":"none.pem"}]})", "/keys/0/file", "cannot read "},
      {R"({"algorithms":["RS256"],"keys":[{"file":"bad.pem"}]})", "/keys/0/file", "holds no PEM"},
      {R"({"algorithms":["RS256"],"jwks":"bad.json"})", "/jwks", "is no JSON object"},
      {R"({"algorithms":["ES256"],"keys":[{"file":"rsa.pem"}]})", "/algorithms/0", "ES256 needs a key"},
      {R"({"algorithms":["RS256"],"jwks":"https://x","jwks_refresh":"5"})", "/jwks_refresh", "is no duration"},
      {R"({"algorithms":["RS256"],"jwks":"https://x","leeway":"-1s"})", "/leeway", "is no duration"},
      {R"({"algorithms":["HS256"],"jwks":"https://x"})", "/algorithms/0", "HS256 needs a `secret`"},
  };
  for (const Bad& bad : kBad) {
    EXPECT_FALSE(parse(bad.json)) << bad.json;
    EXPECT_EQ(fault.pointer, bad.pointer) << bad.json;
    EXPECT_NE(fault.what.find(bad.what), std::string::npos) << fault.what;
  }
}

}  // namespace
}  // namespace dunlin::jwt_auth
