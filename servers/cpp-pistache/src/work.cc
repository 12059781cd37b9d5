#include "work.h"

#include <sys/time.h>

#include <cstdio>
#include <ctime>

// noipa: the compiler may not make copies for known arguments or reason about the result, so that each call is made.
[[gnu::noipa]] std::uint32_t fib(std::uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

std::string origin_value(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char byte : key) hash = (hash ^ byte) * 0x00000100000001b3;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  std::string value;
  value.reserve(80);
  for (int i = 0; i < 5; ++i) value += digits;
  return value;
}

std::string now_text() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char text[40];
  const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(now.tv_nsec / 1'000'000));
  return text;
}
