#include "service.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "backing.h"
#include "query.h"
#include "work.h"

using namespace Pistache;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::size_t memory_entries = 100'000;
constexpr std::chrono::hours for_ever{24 * 365};

template <class Resource, class... Arguments>
Workers<Resource>* started(int count, const Arguments&... arguments) {
  std::vector<std::unique_ptr<Resource>> resources;
  for (int i = 0; i < count; ++i) resources.push_back(std::make_unique<Resource>(arguments...));
  return new Workers<Resource>(std::move(resources));
}

// Does a part of a request's work; what goes wrong in it is the answer.
template <class Work>
void answered(const Reply& reply, Work&& work) {
  try {
    work();
  } catch (const Unavailable& error) {
    reply.error(Http::Code::Service_Unavailable, error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cpp-pistache: %s\n", error.what());
    reply.error(Http::Code::Internal_Server_Error, "internal error");
  }
}

std::function<void()> refusal(const Reply& reply, const char* reason) {
  return [reply, reason] { reply.error(Http::Code::Service_Unavailable, reason); };
}

Json quote_json(const Quote& quote) {
  return {{"id", quote.id}, {"author", quote.author}, {"content", quote.content}};
}

std::string quotes_text(const std::vector<Quote>& rows, bool single) {
  if (single) return quote_json(rows.front()).dump();
  Json list = Json::array();
  for (const auto& row : rows) list.push_back(quote_json(row));
  return list.dump();
}

std::string entry_text(const char* source, const Entry& entry) {
  return Json{{"source", source}, {"value", entry.value}, {"cachedAt", entry.cached_at}}.dump();
}

Route route_of(const std::string& path) {
  const auto place = std::find(route_paths.begin(), route_paths.end() - 1, path);
  return static_cast<Route>(place - route_paths.begin());
}

}  // namespace

Service::Service(const Settings& settings) : settings_(settings) {
  if (settings.metrics) metrics_ = std::make_unique<Metrics>();
  if (settings.cache == CacheBackend::memory) {
    memory_ = std::make_unique<MemoryCache>(memory_entries, settings.cache_ttl);
  }
  if (settings.cache == CacheBackend::redis) {
    redis_ = started<RedisConnection>(settings.pool_size, *settings.redis);
    watch(timer_, *redis_);
  }
  if (settings.database == DatabaseBackend::sqlite) {
    sqlite_ = std::make_unique<SqliteQuotes>(settings.sqlite_path, settings.pool_size);
  } else {
    mysql_ = started<MysqlConnection>(settings.pool_size, *settings.mysql);
    watch(timer_, *mysql_);
  }
  computers_ = started<std::monostate>(settings.server_cpus);
}

// Pistache's router takes /api/health/ and //api/health for /api/health and says 405 in plain text; the contract has six
// exact paths, so they are compared here.
void Service::answer(const Http::Request& request, Http::ResponseWriter writer) {
  const Route route = route_of(request.resource());
  Reply reply(request, std::move(writer), route, metrics_.get(), in_flight_);
  answered(reply, [&] {
    if (route == Route::other || (route == Route::metrics && !metrics_)) {
      return reply.error(Http::Code::Not_Found, "no such path");
    }
    if (request.method() != Http::Method::Get) return reply.error(Http::Code::Method_Not_Allowed, "expected GET");
    switch (route) {
      case Route::health:
        return reply.text("ok");
      case Route::compute:
        return compute(request, reply);
      case Route::cache:
        return cached(request, reply);
      case Route::db:
        return database(request, reply);
      default:
        return reply.metrics(metrics_->text());
    }
  });
}

// Done by SERVER_CPUS threads beside the loops: on a loop, a recursion of seconds would hold up all its connections.
void Service::compute(const Http::Request& request, const Reply& reply) {
  const auto given = parameter(request.query(), "n");
  const auto n = given ? whole_number(*given, 0, 45) : std::optional<int>(40);
  if (!n) return reply.error(Http::Code::Bad_Request, "n: expected a whole number from 0 to 45");
  const auto job = [reply, n = *n](std::monostate&) {
    answered(reply, [&] {
      const auto began = std::chrono::steady_clock::now();
      const auto result = fib(static_cast<std::uint32_t>(n));
      const auto took = std::chrono::steady_clock::now() - began;
      const auto took_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
      reply.json(Json{{"input", n}, {"result", result}, {"elapsedMs", static_cast<double>(took_us) / 1000}}.dump());
    });
  };
  computers_->submit(job, for_ever, [] {});
}

void Service::cached(const Http::Request& request, const Reply& reply) {
  const auto key = parameter(request.query(), "key").value_or("default");
  if (key.empty()) return reply.error(Http::Code::Bad_Request, "key: expected a value, found none");
  if (redis_) return cached_in_redis(key, reply);
  if (memory_) {
    if (const auto entry = memory_->get(key)) return reply.json(entry_text("cache", *entry));
  }
  miss(key, reply);
}

void Service::cached_in_redis(const std::string& key, const Reply& reply) {
  const auto look_up = [this, key, reply](RedisConnection& redis) {
    answered(reply, [&] {
      if (const auto entry = redis.get(key)) return reply.json(entry_text("cache", *entry));
      miss(key, reply);
    });
  };
  redis_->submit(look_up, backing_wait, refusal(reply, "cache: no connection is free"));
}

// Requests that miss together each wait and each store: nothing is shared but the cache.
void Service::miss(const std::string& key, const Reply& reply) {
  timer_.after(settings_.cache_miss, [this, key, reply] {
    const Entry entry{origin_value(key), now_text()};
    if (memory_) memory_->put(key, entry);
    if (!redis_) return reply.json(entry_text("origin", entry));
    const auto store = [this, key, entry, reply](RedisConnection& redis) {
      answered(reply, [&] {
        redis.put(key, entry, settings_.cache_ttl);
        reply.json(entry_text("origin", entry));
      });
    };
    redis_->submit(store, backing_wait, refusal(reply, "cache: no connection is free"));
  });
}

void Service::database(const Http::Request& request, const Reply& reply) {
  const auto given = parameter(request.query(), "count");
  const auto count = given ? whole_number(*given, 1, 500) : std::optional<int>(1);
  if (!count) return reply.error(Http::Code::Bad_Request, "count: expected a whole number from 1 to 500");
  const bool single = !given;
  auto ids = drawn_ids(*count);
  if (sqlite_) return reply.json(quotes_text(sqlite_->read(ids), single));
  const auto read = [ids = std::move(ids), single, reply](MysqlConnection& mysql) {
    answered(reply, [&] { reply.json(quotes_text(mysql.read(ids), single)); });
  };
  mysql_->submit(read, backing_wait, refusal(reply, "database: no connection is free"));
}
