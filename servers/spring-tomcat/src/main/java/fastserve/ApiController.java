package fastserve;

import java.math.BigDecimal;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The endpoints, in the order of the contract. */
@RestController
class ApiController {
    private static final long NANOSECONDS_PER_MICROSECOND = 1000;
    private static final int DECIMALS_OF_MICROSECONDS = 3;

    private final Settings settings;
    private final Entries entries;
    private final Quotes quotes;

    ApiController(Settings settings, Entries entries, Quotes quotes) {
        this.settings = settings;
        this.entries = entries;
        this.quotes = quotes;
    }

    record Computed(int input, int result, BigDecimal elapsedMs) {}

    record Cached(String source, String value, String cachedAt) {
        static Cached of(String source, Entry entry) {
            return new Cached(source, entry.value(), entry.cachedAt());
        }
    }

    @GetMapping("/api/health")
    ResponseEntity<String> health() {
        return ResponseEntity.ok().contentType(MediaType.TEXT_PLAIN).body("ok");
    }

    @GetMapping("/api/compute")
    Computed compute(@RequestParam(required = false) String n) {
        int input = n == null ? 40 : Parameters.whole("n", n, 0, 45);
        long started = System.nanoTime();
        int result = Work.fib(input);
        long elapsedUs = (System.nanoTime() - started) / NANOSECONDS_PER_MICROSECOND;
        // A decimal number of this scale is never written with an exponent.
        return new Computed(input, result, BigDecimal.valueOf(elapsedUs, DECIMALS_OF_MICROSECONDS));
    }

    @GetMapping("/api/cache")
    Cached cached(@RequestParam(required = false) String key) throws InterruptedException {
        String name = key == null ? "default" : Parameters.text("key", key);
        Entry hit = entries.get(name);
        if (hit != null) {
            return Cached.of("cache", hit);
        }
        // Requests that miss together each wait and each store: nothing is shared but the cache.
        Thread.sleep(settings.cacheMiss().toMillis());
        Entry entry = Entry.of(name);
        entries.put(name, entry);
        return Cached.of("origin", entry);
    }

    @GetMapping("/api/db")
    Quote quote() {
        return quotes.random(1).get(0);
    }

    @GetMapping(path = "/api/db", params = "count")
    List<Quote> quotes(@RequestParam String count) {
        return quotes.random(Parameters.whole("count", count, 1, 500));
    }
}
