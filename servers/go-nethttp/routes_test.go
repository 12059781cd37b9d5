package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func answer(t *testing.T, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	s := settings{cacheBackend: "memory", cacheTTL: time.Minute}
	recorder := httptest.NewRecorder()
	newHandler(s, nil, openCache(s)).ServeHTTP(recorder, httptest.NewRequest(method, target, nil))
	return recorder
}

func TestStatuses(t *testing.T) {
	for target, status := range map[string]int{
		"/api/health": 200, "/api/health?x": 200, "/api/compute?n=5": 200, "/api/compute?n=": 400, "/api/compute?n=46": 400,
		"/api/cache?key=": 400, "/api/db?count=501": 400, "/api/health/": 404, "//api/health": 404, "/api/../api/db": 404,
		"/": 404, "/metrics": 404,
	} {
		if got := answer(t, http.MethodGet, target).Code; got != status {
			t.Errorf("GET %s is %d, want %d", target, got, status)
		}
	}
	if got := answer(t, http.MethodPost, "/api/health"); got.Code != 405 || got.Body.String() != `{"error":"method not allowed"}` {
		t.Errorf("POST is %d, %s", got.Code, got.Body)
	}
}

func TestASemicolonIsPartOfAKey(t *testing.T) {
	got := answer(t, http.MethodGet, "/api/cache?x=1&key=a;b+c").Body.String()
	want := `{"source":"origin","value":"` + originValue("a;b c")
	if len(got) < len(want) || got[:len(want)] != want {
		t.Errorf("found %s, want %s...", got, want)
	}
}
