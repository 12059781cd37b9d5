#include "settings.h"

#include <arpa/inet.h>

#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "query.h"

namespace {

using Levels = std::vector<std::string>;

[[noreturn]] void refuse(const std::string& name, const std::string& expected, const std::string& found) {
  throw WrongSetting(name + ": expected " + expected + ", found " + found);
}

std::string quoted(const std::string& value) {
  std::string shown = "'";
  for (char c : value) shown += (c >= ' ' && c != 0x7f) ? c : '?';
  return shown + "'";
}

std::string needed(const Environment& environment, const char* name) {
  auto value = environment(name).value_or("");
  if (value.empty()) refuse(name, "a value", "none");
  return value;
}

int whole(const Environment& environment, const char* name, std::optional<int> preset, int least, int most) {
  auto value = environment(name);
  if (!value && preset) return *preset;
  if (!value) refuse(name, "a value", "none");
  auto number = whole_number(*value, least, most);
  if (!number) {
    refuse(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), quoted(*value));
  }
  return *number;
}

std::size_t one_of(const Environment& environment, const char* name, const std::string& preset, const Levels& levels) {
  const auto value = environment(name).value_or(preset);
  std::string known;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (value == levels[i]) return i;
    known += (i ? " or " : "") + levels[i];
  }
  refuse(name, known, quoted(value));
}

std::string address(const Environment& environment, const char* name, const std::string& preset) {
  auto value = environment(name).value_or(preset);
  std::array<unsigned char, sizeof(in6_addr)> parsed{};
  if (inet_pton(AF_INET, value.c_str(), parsed.data()) == 1 || inet_pton(AF_INET6, value.c_str(), parsed.data()) == 1) {
    return value;
  }
  refuse(name, "an IP address", quoted(value));
}

// Takes scheme://[user][:password@]host:port/path apart; nothing when it has another form.
std::optional<ServiceUrl> parsed_url(std::string_view text, std::string_view scheme) {
  if (!text.starts_with(scheme) || !text.substr(scheme.size()).starts_with("://")) return {};
  text.remove_prefix(scheme.size() + 3);
  ServiceUrl url;
  if (auto at = text.rfind('@'); at != text.npos) {
    auto who = text.substr(0, at);
    auto colon = who.find(':');
    url.user = percent_decoded(who.substr(0, colon));
    if (colon != who.npos) url.password = percent_decoded(who.substr(colon + 1));
    text.remove_prefix(at + 1);
  }
  auto slash = text.find('/');
  if (slash == text.npos) return {};
  url.path = percent_decoded(text.substr(slash + 1));
  auto place = text.substr(0, slash);
  auto colon = place.rfind(':');
  if (colon == place.npos) return {};
  auto port = whole_number(place.substr(colon + 1), 1, 65535);
  auto host = place.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != host.npos) {
    return {};
  }
  if (!port || host.empty() || host.find_first_of(" ?#@/") != host.npos) return {};
  url.host = host;
  url.port = static_cast<std::uint16_t>(*port);
  return url;
}

// The text of an address may hold a password, so it is not repeated.
ServiceUrl redis_url(const Environment& environment) {
  auto url = parsed_url(needed(environment, "REDIS_URL"), "redis");
  if (!url || !whole_number(url->path, 0, 999'999'999)) {
    refuse("REDIS_URL", "redis://[user][:password@]host:port/number", "another form");
  }
  return *url;
}

ServiceUrl mysql_url(const Environment& environment) {
  auto url = parsed_url(needed(environment, "MYSQL_URL"), "mysql");
  if (!url || url->user.empty() || url->path.empty() || url->path.find_first_of("/?#") != url->path.npos) {
    refuse("MYSQL_URL", "mysql://user:password@host:port/database", "another form");
  }
  return *url;
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

Settings read_settings(const Environment& environment) {
  Settings settings;
  settings.port = static_cast<std::uint16_t>(whole(environment, "PORT", {}, 1, 65535));
  settings.bind = address(environment, "BIND", "127.0.0.1");
  settings.server_cpus = whole(environment, "SERVER_CPUS", 1, 1, 1024);
  settings.cache = static_cast<CacheBackend>(one_of(environment, "CACHE_BACKEND", "memory", {"none", "memory", "redis"}));
  if (settings.cache == CacheBackend::redis) settings.redis = redis_url(environment);
  settings.cache_miss = std::chrono::milliseconds(whole(environment, "CACHE_MISS_MS", 2000, 0, 60000));
  settings.cache_ttl = std::chrono::seconds(whole(environment, "CACHE_TTL_S", 60, 1, 86400));
  settings.database = static_cast<DatabaseBackend>(one_of(environment, "DB_BACKEND", "sqlite", {"sqlite", "mysql"}));
  if (settings.database == DatabaseBackend::sqlite) settings.sqlite_path = needed(environment, "SQLITE_PATH");
  if (settings.database == DatabaseBackend::mysql) settings.mysql = mysql_url(environment);
  settings.pool_size = whole(environment, "DB_POOL_SIZE", 10, 1, 10000);
  settings.metrics = one_of(environment, "METRICS", "none", {"none", "full"}) == 1;
  // SQLite is read on the event loops: with fewer connections than loops, one loop would stand still for another.
  if (settings.database == DatabaseBackend::sqlite && settings.pool_size < settings.server_cpus) {
    refuse("DB_POOL_SIZE", "at least one connection for each of " + std::to_string(settings.server_cpus) + " event loops",
           std::to_string(settings.pool_size));
  }
  return settings;
}
