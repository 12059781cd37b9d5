#include "metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>

Metrics::Metrics() {
  auto& counts = prometheus::BuildCounter()
                     .Name("http_requests_total")
                     .Help("Answered requests by route and status.")
                     .Register(registry_);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("http_request_duration_seconds")
                      .Help("Seconds from a request's last byte to its answer, by route and status.")
                      .Register(registry_);
  const prometheus::Histogram::BucketBoundaries bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                       0.1,    0.25,  0.5,    1,     2.5,  5,     10};
  for (std::size_t route = 0; route < route_paths.size(); ++route) {
    for (std::size_t status = 0; status < statuses.size(); ++status) {
      const prometheus::Labels labels{{"route", std::string(route_paths[route])},
                                      {"status", std::to_string(statuses[status])}};
      series_[route][status] = {&counts.Add(labels), &seconds.Add(labels, bounds)};
    }
  }
}

void Metrics::answered(Route route, int status, std::chrono::duration<double> took) {
  const auto place = std::find(statuses.begin(), statuses.end(), status) - statuses.begin();
  auto& series = series_[static_cast<std::size_t>(route)][static_cast<std::size_t>(place)];
  series.count->Increment();
  series.seconds->Observe(took.count());
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(registry_.Collect()); }
