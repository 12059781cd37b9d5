// The endpoint contract on Fiber.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v3"
)

// Enough for a miss of two seconds to get its answer, and less than an operator's five.
const shutdownWithin = 3500 * time.Millisecond

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "go-fiber:", err)
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
	app := newApp(settings, quotes, openCache(settings))
	listener, err := net.Listen("tcp", settings.address)
	if err != nil {
		return err
	}
	return serveUntilSignal(app, listener)
}

// serveUntilSignal serves until SIGTERM or SIGINT, then lets requests finish that are nearly done. Fiber's own
// GracefulContext ends Listen as soon as nothing new is accepted, and the program would end with requests waiting.
func serveUntilSignal(app *fiber.App, listener net.Listener) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	failed := make(chan error, 1)
	// One process with threads, as any Go program. Fiber's prefork would start several behind one port, each with a
	// cache and a share of the pool of its own, for a gain where a single accept queue is the limit.
	go func() { failed <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// Whatever computes longer than that ends with the process.
	if err := app.ShutdownWithTimeout(shutdownWithin); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
