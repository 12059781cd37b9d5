package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts and times answers by route, status and method; it exists with METRICS=full only.
type metrics struct{ durations *prometheus.HistogramVec }

func newMetrics() metrics {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_request_duration_seconds",
		Help:    "Time from a request's header to the end of its handler.",
		Buckets: prometheus.DefBuckets,
	}, []string{"route", "code", "method"})
	// The default registry has the collectors of the Go runtime and of the process already.
	prometheus.MustRegister(durations)
	return metrics{durations: durations}
}

// observe times a handler under the path it is registered for, so that there are as many labels as routes.
func (m metrics) observe(route string, handler http.Handler) http.Handler {
	return promhttp.InstrumentHandlerDuration(m.durations.MustCurryWith(prometheus.Labels{"route": route}), handler)
}

func (m metrics) handler() http.Handler { return promhttp.Handler() }
