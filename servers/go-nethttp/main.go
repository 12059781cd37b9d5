// The endpoint contract on net/http and its ServeMux.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

const (
	// Idle connections cost a goroutine each, so they are kept for long; a header that does not end is given up.
	idleTimeout       = 10 * time.Minute
	readHeaderTimeout = time.Minute
	// Enough for a miss of two seconds to get its answer, and less than an operator's five.
	shutdownWithin = 3500 * time.Millisecond
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "go-nethttp:", err)
		os.Exit(1)
	}
}

func run() error {
	settings, err := readSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(settings.serverCPUs)
	quotes, err := openQuotes(settings)
	if err != nil {
		return err
	}
	defer quotes.close()
	cache := openCache(settings)
	listener, err := net.Listen("tcp", settings.address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           newHandler(settings, quotes, cache),
		IdleTimeout:       idleTimeout,
		ReadHeaderTimeout: readHeaderTimeout,
		// "OPTIONS *" is a path like any other that is not there.
		DisableGeneralOptionsHandler: true,
	}
	return serveUntilSignal(server, listener)
}

// serveUntilSignal serves until SIGTERM or SIGINT, then lets requests finish that are nearly done.
func serveUntilSignal(server *http.Server, listener net.Listener) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	within, cancel := context.WithTimeout(context.Background(), shutdownWithin)
	defer cancel()
	// Whatever computes longer than that ends with the process.
	if err := server.Shutdown(within); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
