// The routes of the contract on Pistache's event loops; what would hold these up is handed to threads beside them.
#pragma once

#include <pistache/endpoint.h>

#include <memory>
#include <optional>
#include <variant>

#include "memory_cache.h"
#include "metrics.h"
#include "mysql_connection.h"
#include "redis_connection.h"
#include "reply.h"
#include "settings.h"
#include "sqlite_quotes.h"
#include "timer.h"
#include "workers.h"

class Service {
 public:
  // Throws WrongSetting when the database of SQLITE_PATH cannot be used; services over the network are not asked yet.
  explicit Service(const Settings& settings);

  // Lives as long as the process.
  ~Service() = delete;

  void answer(const Pistache::Http::Request& request, Pistache::Http::ResponseWriter writer);

  // How many requests have no answer yet.
  int in_flight() const { return in_flight_; }

 private:
  void compute(const Pistache::Http::Request& request, const Reply& reply);
  void cached(const Pistache::Http::Request& request, const Reply& reply);
  void cached_in_redis(const std::string& key, const Reply& reply);
  void miss(const std::string& key, const Reply& reply);
  void database(const Pistache::Http::Request& request, const Reply& reply);

  const Settings settings_;
  InFlight in_flight_{0};
  Timer timer_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<MemoryCache> memory_;
  std::unique_ptr<SqliteQuotes> sqlite_;
  // Never ended: see Workers.
  Workers<std::monostate>* computers_ = nullptr;
  Workers<RedisConnection>* redis_ = nullptr;
  Workers<MysqlConnection>* mysql_ = nullptr;
};

// What Pistache calls, one copy on each event loop.
class Api : public Pistache::Http::Handler {
 public:
  HTTP_PROTOTYPE(Api)

  explicit Api(Service& service) : service_(&service) {}

  void onRequest(const Pistache::Http::Request& request, Pistache::Http::ResponseWriter writer) override {
    service_->answer(request, std::move(writer));
  }

 private:
  Service* service_;
};
