// A cache in this process: entries live for a time, and beyond the bound the one used longest ago goes.
#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

struct Entry {
  std::string value, cached_at;
};

class MemoryCache {
 public:
  using Clock = std::chrono::steady_clock;

  MemoryCache(std::size_t entries, std::chrono::seconds time_to_live) : most_(entries), time_to_live_(time_to_live) {}

  std::optional<Entry> get(const std::string& key) {
    std::lock_guard guard(lock_);
    auto found = places_.find(key);
    if (found == places_.end()) return {};
    auto place = found->second;
    if (place->dies <= Clock::now()) {
      places_.erase(found);
      kept_.erase(place);
      return {};
    }
    kept_.splice(kept_.begin(), kept_, place);
    return place->entry;
  }

  void put(const std::string& key, Entry entry) {
    const auto dies = Clock::now() + time_to_live_;
    std::lock_guard guard(lock_);
    if (auto found = places_.find(key); found != places_.end()) {
      found->second->entry = std::move(entry);
      found->second->dies = dies;
      kept_.splice(kept_.begin(), kept_, found->second);
      return;
    }
    kept_.push_front({key, std::move(entry), dies});
    places_[key] = kept_.begin();
    if (kept_.size() > most_) {
      places_.erase(kept_.back().key);
      kept_.pop_back();
    }
  }

 private:
  struct Kept {
    std::string key;
    Entry entry;
    Clock::time_point dies;
  };

  const std::size_t most_;
  const std::chrono::seconds time_to_live_;
  std::mutex lock_;
  std::list<Kept> kept_;  // used last first
  std::unordered_map<std::string, std::list<Kept>::iterator> places_;
};
