package main

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// fib is work for the processor: the Fibonacci number of n by naive recursion. The compiler neither inlines a function
// that calls itself nor turns it into a loop.
func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

// originValue returns what the slow origin holds for a key: its FNV-1a hash in hexadecimal, five times.
func originValue(key string) string {
	hash := fnv.New64a()
	// Writing to a hash never fails.
	_, _ = hash.Write([]byte(key))
	return strings.Repeat(fmt.Sprintf("%016x", hash.Sum64()), 5)
}

// timeText returns a time in UTC with milliseconds.
func timeText(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// milliseconds returns a duration with microseconds as its decimals, so that JSON writes three of them at most.
func milliseconds(took time.Duration) float64 { return float64(took.Microseconds()) / 1000 }

// wholeNumber reads 1 to 9 ASCII digits; ok says that the number is within its range too.
func wholeNumber(text string, least, most int) (number int, ok bool) {
	if len(text) < 1 || len(text) > 9 {
		return 0, false
	}
	for _, digit := range []byte(text) {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		number = number*10 + int(digit-'0')
	}
	return number, least <= number && number <= most
}
