// Counts answered requests by route and status for Prometheus.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

// Paths by their place: what a request is counted under. The last one stands for all other paths.
enum class Route { health, compute, cache, db, metrics, other };
inline constexpr std::array<std::string_view, 6> route_paths{"/api/health", "/api/compute", "/api/cache",
                                                             "/api/db",     "/metrics",     "other"};
inline constexpr std::array<int, 6> statuses{200, 400, 404, 405, 500, 503};

class Metrics {
 public:
  Metrics();

  void answered(Route route, int status, std::chrono::duration<double> took);

  std::string text() const;

 private:
  struct Series {
    prometheus::Counter* count = nullptr;
    prometheus::Histogram* seconds = nullptr;
  };

  prometheus::Registry registry_;
  // Looked up once: finding a series by its labels takes a lock that all loops would share.
  std::array<std::array<Series, statuses.size()>, route_paths.size()> series_;
};
