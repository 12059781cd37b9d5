package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestFib(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 2: 1, 10: 55, 27: 196418} {
		if got := fib(n); got != want {
			t.Errorf("fib(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestOriginValueIsTheHashFiveTimes(t *testing.T) {
	for key, hash := range map[string]string{
		"default": "ebada5168620c5fe", "a": "af63dc4c8601ec8c", "größe": "b7450e1ef58140da",
	} {
		if got, want := originValue(key), strings.Repeat(hash, 5); got != want {
			t.Errorf("originValue(%q) = %s, want %s", key, got, want)
		}
	}
}

func TestMillisecondsHaveThreeDecimalsAndNoExponent(t *testing.T) {
	for took, want := range map[time.Duration]string{
		0: "0", 999: "0", time.Microsecond: "0.001", 12345678: "12.345", 6 * time.Second: "6000",
	} {
		if got, err := json.Marshal(milliseconds(took)); err != nil || string(got) != want {
			t.Errorf("milliseconds(%v) is written %s, want %s", took, got, want)
		}
	}
}

func TestTimeTextIsUTCWithMilliseconds(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_999_999, time.FixedZone("", 3600))
	if got, want := timeText(at), "2026-01-02T02:04:05.006Z"; got != want {
		t.Errorf("timeText = %s, want %s", got, want)
	}
}

func TestWholeNumberTakesDigitsWithinTheRange(t *testing.T) {
	for _, right := range []string{"0", "45", "000000045"} {
		if _, ok := wholeNumber(right, 0, 45); !ok {
			t.Errorf("%q is refused", right)
		}
	}
	for _, wrong := range []string{"", "-1", "+1", " 1", "1.0", "1_0", "46", "0000000001", "٣", "x"} {
		if _, ok := wholeNumber(wrong, 0, 45); ok {
			t.Errorf("%q is taken", wrong)
		}
	}
}
