// The few things worth a test without a server: the rest is held to the contract from outside.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "memory_cache.h"
#include "query.h"
#include "settings.h"
#include "work.h"

namespace {

Environment told(const std::map<std::string, std::string>& variables) {
  return [variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

std::string refusal(std::map<std::string, std::string> variables) {
  variables.try_emplace("PORT", "8080");
  variables.try_emplace("SQLITE_PATH", "quotes.sqlite");
  try {
    read_settings(told(variables));
  } catch (const WrongSetting& wrong) {
    return wrong.what();
  }
  return "";
}

TEST(Work, FibonacciNumbersStartWithZero) {
  EXPECT_EQ(fib(0), 0u);
  EXPECT_EQ(fib(1), 1u);
  EXPECT_EQ(fib(10), 55u);
  EXPECT_EQ(fib(24), 46368u);
}

TEST(Work, ValuesOfTheOriginAreTheHashFiveTimes) {
  EXPECT_EQ(origin_value("a").substr(0, 32), "af63dc4c8601ec8caf63dc4c8601ec8c");
  EXPECT_EQ(origin_value("größe").substr(64), "b7450e1ef58140da");
}

TEST(Query, FormsAreDecoded) {
  EXPECT_EQ(form_decoded("gr%C3%b6%C3%9Fe+a%2Bb"), "größe a+b");
  EXPECT_EQ(form_decoded("100%"), "100%");
  Pistache::Http::Uri::Query query{{"%6eame", "x%20y"}};
  EXPECT_EQ(parameter(query, "name"), "x y");
  EXPECT_EQ(parameter(query, "other"), std::nullopt);
}

TEST(Query, WholeNumbersAreDigitsInTheRange) {
  EXPECT_EQ(whole_number("007", 0, 45), 7);
  for (const char* wrong : {"", "+5", "-1", "5.0", " 5", "46", "0000000005", "٣"}) {
    EXPECT_EQ(whole_number(wrong, 0, 45), std::nullopt) << wrong;
  }
}

TEST(MemoryCache, TheOneUsedLongestAgoGoes) {
  MemoryCache cache(2, std::chrono::seconds(60));
  cache.put("a", {"1", ""});
  cache.put("b", {"2", ""});
  EXPECT_TRUE(cache.get("a"));
  cache.put("c", {"3", ""});
  EXPECT_TRUE(cache.get("a"));
  EXPECT_FALSE(cache.get("b"));
  EXPECT_TRUE(cache.get("c"));
}

TEST(MemoryCache, EntriesDie) {
  MemoryCache cache(2, std::chrono::seconds(0));
  cache.put("a", {"1", ""});
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_FALSE(cache.get("a"));
}

TEST(Settings, AddressesOfServicesAreTakenApart) {
  const auto settings = read_settings(told({{"PORT", "8080"},
                                            {"CACHE_BACKEND", "redis"},
                                            {"REDIS_URL", "redis://:p%40ss@[::1]:6379/3"},
                                            {"DB_BACKEND", "mysql"},
                                            {"MYSQL_URL", "mysql://user:word@db:3306/quotes"}}));
  EXPECT_EQ(settings.redis->password, "p@ss");
  EXPECT_EQ(settings.redis->host, "::1");
  EXPECT_EQ(settings.redis->path, "3");
  EXPECT_EQ(settings.mysql->user, "user");
  EXPECT_EQ(settings.mysql->port, 3306);
}

TEST(Settings, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal({{"PORT", "x"}}), "PORT: expected a whole number from 1 to 65535, found 'x'");
  EXPECT_EQ(refusal({{"CACHE_BACKEND", "redis"}}), "REDIS_URL: expected a value, found none");
  EXPECT_EQ(refusal({{"DB_BACKEND", "mysql"}, {"MYSQL_URL", "mysql://db/quotes"}}),
            "MYSQL_URL: expected mysql://user:password@host:port/database, found another form");
}

}  // namespace
