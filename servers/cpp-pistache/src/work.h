// What the routes compute.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Work for the processor: the Fibonacci number of n by naive recursion.
std::uint32_t fib(std::uint32_t n);

// What the slow origin holds for a key: its FNV-1a hash in hexadecimal, five times.
std::string origin_value(std::string_view key);

// The time in UTC, as in 2026-01-31T23:59:59.123Z.
std::string now_text();
