package fastserve;

import java.nio.charset.StandardCharsets;

/** What the endpoints compute. */
final class Work {
    private static final long OFFSET_BASIS = 0xcbf29ce484222325L;
    private static final long PRIME = 0x00000100000001b3L;
    private static final int TIMES = 5;

    private Work() {}

    /** Returns a Fibonacci number by naive recursion, which is work for the processor. */
    static int fib(int n) {
        return n < 2 ? n : fib(n - 1) + fib(n - 2);
    }

    /** Returns what the slow origin holds for a key: the FNV-1a hash of its bytes in hexadecimal, five times. */
    static String originValue(String key) {
        long hash = OFFSET_BASIS;
        for (byte octet : key.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (octet & 0xff)) * PRIME;
        }
        String digits = Long.toHexString(hash);
        return ("0".repeat(16 - digits.length()) + digits).repeat(TIMES);
    }
}
