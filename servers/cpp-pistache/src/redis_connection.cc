#include "redis_connection.h"

#include <nlohmann/json.hpp>

#include "backing.h"

namespace {

constexpr timeval wait{0, backing_wait.count() * 1000};

}  // namespace

void RedisConnection::connect() {
  if (context_ && is_open(context_->fd)) return;
  context_.reset(redisConnectWithTimeout(url_.host.c_str(), url_.port, wait));
  if (!context_ || context_->err || redisSetTimeout(context_.get(), wait) != REDIS_OK) checked(nullptr);
  // Sent together: one wait for both.
  int asked = 0;
  if (!url_.password.empty() && !url_.user.empty()) {
    asked += redisAppendCommand(context_.get(), "AUTH %s %s", url_.user.c_str(), url_.password.c_str()) == REDIS_OK;
  } else if (!url_.password.empty()) {
    asked += redisAppendCommand(context_.get(), "AUTH %s", url_.password.c_str()) == REDIS_OK;
  }
  if (url_.path.find_first_not_of('0') != std::string::npos) {
    asked += redisAppendCommand(context_.get(), "SELECT %s", url_.path.c_str()) == REDIS_OK;
  }
  for (; asked > 0; --asked) {
    void* reply = nullptr;
    redisGetReply(context_.get(), &reply);
    checked(reply);
  }
}

RedisConnection::Reply RedisConnection::checked(void* reply) {
  Reply owned(static_cast<redisReply*>(reply));
  if (owned && owned->type != REDIS_REPLY_ERROR) return owned;
  const std::string why = owned ? owned->str : context_ ? context_->errstr : "out of memory";
  // Whatever is still on its way on this connection is nobody's answer.
  context_.reset();
  throw Unavailable("cache: " + why);
}

std::optional<Entry> RedisConnection::get(const std::string& key) {
  connect();
  const auto reply = checked(redisCommand(context_.get(), "GET fastserve:%b", key.data(), key.size()));
  if (reply->type != REDIS_REPLY_STRING) return {};
  const auto stored = nlohmann::json::parse(reply->str, reply->str + reply->len);
  return Entry{stored.at("value").get<std::string>(), stored.at("cachedAt").get<std::string>()};
}

void RedisConnection::put(const std::string& key, const Entry& entry, std::chrono::seconds time_to_live) {
  const auto text = nlohmann::ordered_json{{"value", entry.value}, {"cachedAt", entry.cached_at}}.dump();
  connect();
  checked(redisCommand(context_.get(), "SET fastserve:%b %b EX %d", key.data(), key.size(), text.data(), text.size(),
                       static_cast<int>(time_to_live.count())));
}
