//! What is computed: Fibonacci numbers, and the values of the slow origin behind the cache.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Work for the processor: the Fibonacci number of n by naive recursion, and the time it took.
pub fn timed_fib(n: u32) -> (u32, Duration) {
    let started = Instant::now();
    // The recursion has no side effects, so the compiler could move it past the clock.
    let result = black_box(fib(black_box(n)));
    (result, started.elapsed())
}

fn fib(n: u32) -> u32 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

/// What the slow origin holds for a key: its FNV-1a hash in hexadecimal, five times.
pub fn origin_value(key: &str) -> String {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut value = String::with_capacity(80);
    for _ in 0..5 {
        write!(value, "{hash:016x}").expect("a String takes what is written to it");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fibonacci_numbers() {
        let numbers: Vec<u32> = (0..=10).map(|n| timed_fib(n).0).collect();

        assert_eq!(numbers, [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55]);
    }

    #[test]
    fn values_are_those_of_the_contract() {
        assert_eq!(origin_value("default"), "ebada5168620c5fe".repeat(5));
        assert_eq!(origin_value("a"), "af63dc4c8601ec8c".repeat(5));
        assert_eq!(origin_value("größe"), "b7450e1ef58140da".repeat(5));
    }
}
