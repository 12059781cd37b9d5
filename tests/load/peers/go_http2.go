// An HTTP/2 server on Go's net/http: go_http2 REQUESTS_A_CONNECTION [CERTIFICATE]
// It prints its port, and on SIGTERM how many requests it answered on how many connections.
// /sized says its length, /streamed comes in pieces.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
)

type takenKey struct{}

var answered, connections atomic.Int64

func answer(most int64) http.HandlerFunc {
	return func(writer http.ResponseWriter, request *http.Request) {
		answered.Add(1)
		if request.Context().Value(takenKey{}).(*atomic.Int64).Add(1) == most {
			// Over HTTP/2 this is a GOAWAY.
			writer.Header().Set("Connection", "close")
		}
		size, _ := io.Copy(io.Discard, request.Body)
		body := fmt.Sprintf("%s %d", request.Method, size)
		if request.URL.Path == "/sized" {
			writer.Header().Set("Content-Length", strconv.Itoa(len(body)))
			io.WriteString(writer, body)
			return
		}
		io.WriteString(writer, body[:3])
		writer.(http.Flusher).Flush()
		io.WriteString(writer, body[3:])
	}
}

func main() {
	most, _ := strconv.ParseInt(os.Args[1], 10, 64)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler:   answer(most),
		Protocols: protocols,
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			connections.Add(1)
			return context.WithValue(ctx, takenKey{}, new(atomic.Int64))
		},
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if len(os.Args) > 2 {
		go server.ServeTLS(listener, os.Args[2], os.Args[2])
	} else {
		go server.Serve(listener)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	<-ended
	fmt.Println(answered.Load(), connections.Load())
}
