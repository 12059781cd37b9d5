package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"
)

func testApp() *fiber.App {
	s := settings{cacheBackend: "memory", cacheTTL: time.Minute}
	return newApp(s, nil, openCache(s))
}

func answer(t *testing.T, app *fiber.App, method, target string) (int, string) {
	t.Helper()
	response, err := app.Test(httptest.NewRequest(method, target, nil))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestStatuses(t *testing.T) {
	app := testApp()
	for target, want := range map[string]int{
		"/api/health": 200, "/api/health?x": 200, "/api/compute?n=5": 200, "/api/compute?n=": 400, "/api/compute?n=46": 400,
		"/api/cache?key=": 400, "/api/db?count=501": 400, "/api/health/": 404, "/API/health": 404, "/": 404, "/metrics": 404,
	} {
		if status, _ := answer(t, app, http.MethodGet, target); status != want {
			t.Errorf("GET %s is %d, want %d", target, status, want)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodTrace, "QUERY"} {
		if status, body := answer(t, app, method, "/api/health"); status != 405 || !strings.HasPrefix(body, `{"error":"`) {
			t.Errorf("%s is %d, %s", method, status, body)
		}
	}
}

// Fiber's strings are memory of the request: a cache that kept one would find other keys later.
func TestKeysOutliveTheirRequests(t *testing.T) {
	app := testApp()
	keys := []string{"first", "other", "third"}
	for _, source := range []string{"origin", "cache"} {
		for _, key := range keys {
			want := `{"source":"` + source + `","value":"` + originValue(key)
			if _, body := answer(t, app, http.MethodGet, "/api/cache?key="+key); !strings.HasPrefix(body, want) {
				t.Errorf("%s: found %s, want %s...", key, body, want)
			}
		}
	}
}

func TestASemicolonIsPartOfAKey(t *testing.T) {
	want := `{"source":"origin","value":"` + originValue("a;b c")
	if _, body := answer(t, testApp(), http.MethodGet, "/api/cache?x=1&key=a;b+c"); !strings.HasPrefix(body, want) {
		t.Errorf("found %s, want %s...", body, want)
	}
}
