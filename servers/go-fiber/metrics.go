package main

import (
	"strconv"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// addMetrics serves /metrics and counts and times what is asked of all routes after it, by route, status and method.
func addMetrics(app *fiber.App) {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_request_duration_seconds",
		Help:    "Time from a request's arrival to the end of its handler.",
		Buckets: prometheus.DefBuckets,
	}, []string{"route", "code", "method"})
	// The default registry has the collectors of the Go runtime and of the process already.
	prometheus.MustRegister(durations)
	app.Get("/metrics", adaptor.HTTPHandler(promhttp.Handler()))
	app.Use(observe(durations))
}

func observe(durations *prometheus.HistogramVec) fiber.Handler {
	return func(c fiber.Ctx) error {
		started := time.Now()
		if err := c.Next(); err != nil {
			// The status is known only once the error is an answer.
			if err := c.App().ErrorHandler(c, err); err != nil {
				return err
			}
		}
		status := c.Response().StatusCode()
		// Both are words of Fiber's tables, so there are as many labels as routes, and none is memory of the request.
		labels := []string{routeLabel(c, status), strconv.Itoa(status), c.Method()}
		durations.WithLabelValues(labels...).Observe(time.Since(started).Seconds())
		return nil
	}
}

// routeLabel returns the path that a route is registered for.
func routeLabel(c fiber.Ctx, status int) string {
	if status == fiber.StatusNotFound || status == fiber.StatusMethodNotAllowed {
		// No route was found: Fiber names the last middleware instead.
		return "other"
	}
	return c.Route().Path
}
