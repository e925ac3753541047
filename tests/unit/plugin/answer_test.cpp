// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/answer.h"

#include <gtest/gtest.h>

#include <string>

namespace dunlin {
namespace {

dunlin_str str(std::string_view text) { return {text.data(), text.size()}; }

Answer allowed(std::string_view uid, std::uint32_t kind) {
  dunlin_identity identity{};
  identity.uid = {str(uid), kind, 0};
  const dunlin_answer answer{&identity, {}};
  return copy_answer(DUNLIN_ALLOW, &answer);
}

TEST(Answer, KnowsThreeVerdicts) {
  for (const dunlin_verdict verdict : {DUNLIN_PASS, DUNLIN_ALLOW, DUNLIN_DENY}) {
    EXPECT_FALSE(copy_answer(verdict, nullptr).fault);
    EXPECT_EQ(copy_answer(verdict, nullptr).verdict, verdict);
  }
  for (const dunlin_verdict verdict : {DUNLIN_PENDING, 4, -1, INT32_MIN}) EXPECT_TRUE(copy_answer(verdict, nullptr).fault);
}

TEST(Answer, CopiesWhatItIsGiven) {
  std::string uid = "alice", key = "plan", value = "1";
  const dunlin_pair context{str(key), str(value)};
  dunlin_identity identity{};
  identity.uid = {str(uid), DUNLIN_UID_STRING, 0};
  identity.context = &context;
  identity.context_count = 1;
  const dunlin_answer given{&identity, str("because")};
  const Answer answer = copy_answer(DUNLIN_ALLOW, &given);
  uid = key = value = "xxxxx";
  EXPECT_EQ(answer.identity.uid, "alice");
  EXPECT_EQ(answer.identity.context.at(0), std::pair(std::string("plan"), std::string("1")));
  EXPECT_EQ(answer.reason, "because");
}

TEST(Answer, TakesNumbersOf64BitsAsTheyAreWritten) {
  for (const char* uid : {"0", "1001", "-5", "9223372036854775807", "-9223372036854775808", "18446744073709551615"})
    EXPECT_EQ(allowed(uid, DUNLIN_UID_NUMBER).identity.uid, uid);
  for (const char* uid : {"", "-", "+1", "01", "-0", "1.0", "1e3", " 1", "18446744073709551616", "-9223372036854775809"})
    EXPECT_TRUE(allowed(uid, DUNLIN_UID_NUMBER).fault) << uid;
}

TEST(Answer, TakesStringsThatMayNameAChannel) {
  for (const char* uid : {"1001", "alice@example.com", "ålice", "a b"})
    EXPECT_EQ(allowed(uid, DUNLIN_UID_STRING).identity.uid, uid);
  EXPECT_FALSE(allowed(std::string(250, 'a'), DUNLIN_UID_STRING).fault);
  for (const std::string& uid : {std::string(), std::string("a\nb"), std::string("\xff"), std::string(251, 'a')})
    EXPECT_TRUE(allowed(uid, DUNLIN_UID_STRING).fault) << uid;
}

TEST(Answer, TakesNoPointerThatIsMissing) {
  dunlin_identity identity{};
  identity.uid = {{nullptr, 4}, DUNLIN_UID_STRING, 0};
  dunlin_answer answer{&identity, {}};
  EXPECT_TRUE(copy_answer(DUNLIN_ALLOW, &answer).fault);
  identity.uid = {str("a"), DUNLIN_UID_STRING, 0};
  identity.channel_count = 1;
  EXPECT_TRUE(copy_answer(DUNLIN_ALLOW, &answer).fault);
  identity.channel_count = 0;
  answer.reason = {nullptr, 9};
  EXPECT_FALSE(copy_answer(DUNLIN_ALLOW, &answer).fault);  // a lost reason is no reason to refuse
}

TEST(Answer, HasNoIdentityButOfAnAllow) {
  dunlin_identity identity{};
  identity.uid = {str("alice"), DUNLIN_UID_STRING, 0};
  const dunlin_answer answer{&identity, {}};
  EXPECT_EQ(copy_answer(DUNLIN_DENY, &answer).identity.uid, "");
}

}  // namespace
}  // namespace dunlin
