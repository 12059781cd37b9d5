package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// service answers the routes of the contract.
type service struct {
	quotes *quotes
	cache  cache
	miss   time.Duration
}

// observe wraps the handler of a route; without metrics it returns the handler itself.
type observe func(route string, handler http.Handler) http.Handler

// newHandler returns the routes, counted where METRICS asks for it.
func newHandler(s settings, quotes *quotes, cache cache) http.Handler {
	service := &service{quotes: quotes, cache: cache, miss: s.cacheMiss}
	observed := func(_ string, handler http.Handler) http.Handler { return handler }
	mux := http.NewServeMux()
	if s.metrics {
		metrics := newMetrics()
		observed = metrics.observe
		mux.Handle("GET /metrics", metrics.handler())
		mux.HandleFunc("/metrics", wrongMethod)
	}
	for path, handler := range map[string]http.HandlerFunc{
		"/api/health":  service.health,
		"/api/compute": service.compute,
		"/api/cache":   service.cached,
		"/api/db":      service.database,
	} {
		// A pattern with GET takes HEAD too. Its counterpart without a method takes what ServeMux would refuse as text.
		mux.Handle("GET "+path, observed(path, handler))
		mux.Handle(path, observed(path, http.HandlerFunc(wrongMethod)))
	}
	missing := observed("other", http.HandlerFunc(notFound))
	mux.Handle("/", missing)
	return onlyCleanPaths(mux, missing)
}

// onlyCleanPaths answers 404 where ServeMux would redirect to a path without double slashes and dots.
func onlyCleanPaths(mux *http.ServeMux, missing http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "" || r.URL.Path[0] != '/' || path.Clean(r.URL.Path) != r.URL.Path {
			missing.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *service) health(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok"))
}

func (s *service) compute(w http.ResponseWriter, r *http.Request) {
	n, ok := 40, true
	if text, given := parameter(r, "n"); given {
		n, ok = wholeNumber(text, 0, 45)
	}
	if !ok {
		writeError(w, http.StatusBadRequest, "n: expected a whole number from 0 to 45")
		return
	}
	started := time.Now()
	result := fib(n)
	elapsed := time.Since(started)
	writeJSON(w, http.StatusOK, struct {
		Input     int     `json:"input"`
		Result    int     `json:"result"`
		ElapsedMs float64 `json:"elapsedMs"`
	}{n, result, milliseconds(elapsed)})
}

func (s *service) cached(w http.ResponseWriter, r *http.Request) {
	key, given := parameter(r, "key")
	if !given {
		key = "default"
	}
	if key == "" {
		writeError(w, http.StatusBadRequest, "key: expected a value, found none")
		return
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
		writeError(w, http.StatusServiceUnavailable, "the cache is not available")
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Source string `json:"source"`
		entry
	}{source, found})
}

func (s *service) database(w http.ResponseWriter, r *http.Request) {
	count, ok := 1, true
	text, many := parameter(r, "count")
	if many {
		count, ok = wholeNumber(text, 1, 500)
	}
	if !ok {
		writeError(w, http.StatusBadRequest, "count: expected a whole number from 1 to 500")
		return
	}
	rows, err := s.quotes.draw(count)
	switch {
	case err != nil:
		writeError(w, http.StatusServiceUnavailable, "the database is not available")
	case many:
		writeJSON(w, http.StatusOK, rows)
	default:
		writeJSON(w, http.StatusOK, rows[0])
	}
}

func wrongMethod(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "GET, HEAD")
	writeError(w, http.StatusMethodNotAllowed, "method not allowed")
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	writeError(w, http.StatusNotFound, "not found")
}

// parameter returns a parameter of the query, and whether it was given. A semicolon is a character like any other
// here, which net/url would refuse; wrong escapes are left out.
func parameter(r *http.Request, name string) (string, bool) {
	if r.URL.RawQuery == "" {
		return "", false
	}
	values, _ := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B"))
	return values.Get(name), values.Has(name)
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, struct {
		Error string `json:"error"`
	}{text})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		// Only plain structs are written: this is a mistake in the program.
		panic(fmt.Errorf("write JSON: %w", err))
	}
	write(w, status, "application/json", body)
}

// write sends a whole answer. Its length is said ahead, since net/http sends what exceeds its buffer in chunks.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// A client that has gone needs no answer.
	_, _ = w.Write(body)
}
