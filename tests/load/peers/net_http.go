// Go's net/http, for the tests: answers of every framing, and a count of the requests of each connection.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
)

type key struct{}

var (
	lock   sync.Mutex
	counts = []int{}
	most   int
	big    = bytes.Repeat([]byte("0123456789"), 10_000)
)

// accepted gives a connection its number.
func accepted(ctx context.Context, _ net.Conn) context.Context {
	lock.Lock()
	defer lock.Unlock()
	counts = append(counts, 0)
	return context.WithValue(ctx, key{}, len(counts)-1)
}

// counted counts a request, and closes its connection after the last one that it may carry.
func counted(answer http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := r.Context().Value(key{}).(int)
		lock.Lock()
		counts[number]++
		last := counts[number] == most
		lock.Unlock()
		if last {
			w.Header().Set("Connection", "close")
		}
		answer.ServeHTTP(w, r)
	})
}

func answers() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/length", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello")) })
	mux.HandleFunc("/chunks", func(w http.ResponseWriter, _ *http.Request) { flushed(w, []byte("hello"), 3) })
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(big)))
		w.Write(big)
	})
	mux.HandleFunc("/big-chunks", func(w http.ResponseWriter, _ *http.Request) { flushed(w, big, 7_000) })
	mux.HandleFunc("/trailers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		flushed(w, []byte("hello"), 5)
		w.Header().Set("X-Sum", "5")
	})
	mux.HandleFunc("/empty", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/unchanged", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	return mux
}

// flushed writes a body piece by piece.
func flushed(w http.ResponseWriter, body []byte, size int) {
	for len(body) > 0 {
		if size > len(body) {
			size = len(body)
		}
		w.Write(body[:size])
		w.(http.Flusher).Flush()
		body = body[size:]
	}
}

// listening serves on a port of its own: HTTP/1.1 alone, over TLS where there is a certificate.
func listening(certificate string) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Handler:      counted(answers()),
		ConnContext:  accepted,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	go func() {
		if certificate == "" {
			log.Fatal(server.Serve(listener))
		}
		log.Fatal(server.ServeTLS(listener, certificate, certificate))
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func main() {
	certificate := os.Args[1]
	most, _ = strconv.Atoi(os.Args[2])
	ports, _ := json.Marshal(map[string]int{"http": listening(""), "https": listening(certificate)})
	fmt.Println(string(ports))
	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		lock.Lock()
		found, _ := json.Marshal(counts)
		lock.Unlock()
		fmt.Println(string(found))
	}
}
