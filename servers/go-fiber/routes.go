package main

import (
	"errors"
	"slices"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/recover"
)

const (
	// Idle connections cost a goroutine each, so they are kept for long; a request that does not end is given up.
	idleTimeout = 10 * time.Minute
	readTimeout = time.Minute
	// A request's line and header must fit: 4 KiB, the default, is less than other servers and browsers allow.
	headerBytes = 16 << 10
)

// service answers the routes of the contract.
type service struct {
	quotes *quotes
	cache  cache
	miss   time.Duration
}

// newApp returns the routes, counted where METRICS asks for it.
func newApp(s settings, quotes *quotes, cache cache) *fiber.App {
	app := fiber.New(fiber.Config{
		CaseSensitive:  true,
		StrictRouting:  true,
		ErrorHandler:   errorAsJSON,
		IdleTimeout:    idleTimeout,
		ReadTimeout:    readTimeout,
		ReadBufferSize: headerBytes,
		// Of a method that is not listed Fiber says 501 before any route or error handler; QUERY is a new one.
		RequestMethods: append(slices.Clone(fiber.DefaultMethods), "QUERY"),
	})
	if s.metrics {
		addMetrics(app)
	}
	// Fiber lets a panic end the process; net/http keeps it to its connection.
	app.Use(recover.New())
	service := &service{quotes: quotes, cache: cache, miss: s.cacheMiss}
	// Get takes HEAD too; for other methods Fiber finds that the path has others, and says 405.
	app.Get("/api/health", service.health)
	app.Get("/api/compute", service.compute)
	app.Get("/api/cache", service.cached)
	app.Get("/api/db", service.database)
	return app
}

func (s *service) health(c fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	return c.SendString("ok")
}

func (s *service) compute(c fiber.Ctx) error {
	n, ok := 40, true
	if text, given := parameter(c, "n"); given {
		n, ok = wholeNumber(text, 0, 45)
	}
	if !ok {
		return fiber.NewError(fiber.StatusBadRequest, "n: expected a whole number from 0 to 45")
	}
	started := time.Now()
	result := fib(n)
	elapsed := time.Since(started)
	return c.JSON(struct {
		Input     int     `json:"input"`
		Result    int     `json:"result"`
		ElapsedMs float64 `json:"elapsedMs"`
	}{n, result, milliseconds(elapsed)})
}

func (s *service) cached(c fiber.Ctx) error {
	key, given := parameter(c, "key")
	if !given {
		key = "default"
	}
	if key == "" {
		return fiber.NewError(fiber.StatusBadRequest, "key: expected a value, found none")
	}
	found, hit, err := s.cache.get(key)
	source := "cache"
	if err == nil && !hit {
		// Requests that miss the same key together each wait and each store: nothing is shared but the cache.
		time.Sleep(s.miss)
		source, found = "origin", entry{Value: originValue(key), CachedAt: timeText(time.Now())}
		err = s.cache.put(key, found)
	}
	if err != nil {
		return fiber.NewError(fiber.StatusServiceUnavailable, "the cache is not available")
	}
	return c.JSON(struct {
		Source string `json:"source"`
		entry
	}{source, found})
}

func (s *service) database(c fiber.Ctx) error {
	count, ok := 1, true
	text, many := parameter(c, "count")
	if many {
		count, ok = wholeNumber(text, 1, 500)
	}
	if !ok {
		return fiber.NewError(fiber.StatusBadRequest, "count: expected a whole number from 1 to 500")
	}
	rows, err := s.quotes.draw(count)
	if err != nil {
		return fiber.NewError(fiber.StatusServiceUnavailable, "the database is not available")
	}
	if many {
		return c.JSON(rows)
	}
	return c.JSON(rows[0])
}

// parameter returns a parameter of the query, and whether it was given. It is a copy: what Fiber returns is memory of
// the request, which changes under a cache that keeps it as a key.
func parameter(c fiber.Ctx, name string) (string, bool) {
	arguments := c.RequestCtx().QueryArgs()
	return string(arguments.Peek(name)), arguments.Has(name)
}

// errorAsJSON answers what handlers return as an error, and what Fiber refuses itself.
func errorAsJSON(c fiber.Ctx, err error) error {
	status, text := fiber.StatusInternalServerError, "internal error"
	var known *fiber.Error
	if errors.As(err, &known) {
		status, text = known.Code, known.Message
	}
	return c.Status(status).JSON(struct {
		Error string `json:"error"`
	}{text})
}
