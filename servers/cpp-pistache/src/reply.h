// The answer to one request, which may be given later and from any thread.
#pragma once

#include <pistache/http.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "metrics.h"

// How many requests are being answered, for an end that leaves none of them without its answer.
using InFlight = std::atomic<int>;

// Copies stand for the same answer, which is given once.
class Reply {
 public:
  // metrics may be null: then nothing is counted.
  Reply(const Pistache::Http::Request& request, Pistache::Http::ResponseWriter writer, Route route, Metrics* metrics,
        InFlight& in_flight);

  void text(std::string_view body) const;
  void metrics(const std::string& body) const;
  void json(const std::string& body) const { json(Pistache::Http::Code::Ok, body); }
  // Answers {"error": reason} with a status.
  void error(Pistache::Http::Code code, const std::string& reason) const;

 private:
  struct State;

  void json(Pistache::Http::Code code, const std::string& body) const;
  void send(Pistache::Http::Code code, std::string_view body, const Pistache::Http::Mime::MediaType& type) const;

  std::shared_ptr<State> state_;
};
