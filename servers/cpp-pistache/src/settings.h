// The settings of the contract, read from the environment and checked before anything starts.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

// A setting that is missing or cannot be used; what() is one line for the operator.
struct WrongSetting : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Where a backing service is and who asks. path is the database of MySQL, or the number of one of Redis.
struct ServiceUrl {
  std::string user, password, host, path;
  std::uint16_t port = 0;
};

enum class CacheBackend { none, memory, redis };
enum class DatabaseBackend { sqlite, mysql };

struct Settings {
  std::uint16_t port = 0;
  std::string bind;
  int server_cpus = 1;
  CacheBackend cache = CacheBackend::memory;
  std::optional<ServiceUrl> redis;
  std::chrono::milliseconds cache_miss{0};
  std::chrono::seconds cache_ttl{0};
  DatabaseBackend database = DatabaseBackend::sqlite;
  std::string sqlite_path;
  std::optional<ServiceUrl> mysql;
  int pool_size = 1;
  bool metrics = false;
};

// Looks a variable up; nothing for one that is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

std::optional<std::string> process_environment(const char* name);

// Reads and checks all settings. Throws WrongSetting for the first that is wrong.
Settings read_settings(const Environment& environment);
