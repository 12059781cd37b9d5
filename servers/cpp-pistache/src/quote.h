#pragma once

#include <random>
#include <string>
#include <vector>

inline constexpr char quote_query[] = "SELECT id, author, content FROM quotes WHERE id = ?";
inline constexpr int quotes = 1000;

struct Quote {
  int id = 0;
  std::string author, content;
};

// Returns ids, each drawn evenly and by itself.
inline std::vector<int> drawn_ids(int count) {
  thread_local std::minstd_rand generator{std::random_device{}()};
  std::uniform_int_distribution<int> one(1, quotes);
  std::vector<int> ids(count);
  for (auto& id : ids) id = one(generator);
  return ids;
}
