// One connection to Redis, made when it is first needed and anew when it was lost.
#pragma once

#include <hiredis/hiredis.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "memory_cache.h"
#include "settings.h"

class RedisConnection {
 public:
  explicit RedisConnection(const ServiceUrl& url) : url_(url) {}

  // Both throw Unavailable when Redis is away or silent.
  std::optional<Entry> get(const std::string& key);
  void put(const std::string& key, const Entry& entry, std::chrono::seconds time_to_live);

 private:
  struct Closer {
    void operator()(redisContext* context) const { redisFree(context); }
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, Closer>;

  void connect();
  Reply checked(void* reply);

  const ServiceUrl url_;
  std::unique_ptr<redisContext, Closer> context_;
};
