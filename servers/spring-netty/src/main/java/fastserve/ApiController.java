package fastserve;

import java.math.BigDecimal;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

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
    Mono<Computed> compute(@RequestParam MultiValueMap<String, String> query) {
        int input = new Parameters(query).whole("n", 40, 0, 45);
        // Away from the event loop, which has other requests to answer; there are SERVER_CPUS threads for such work.
        return Mono.fromCallable(() -> compute(input)).subscribeOn(Schedulers.parallel());
    }

    @GetMapping("/api/cache")
    Mono<Cached> cached(@RequestParam MultiValueMap<String, String> query) {
        String key = new Parameters(query).text("key", "default");
        return entries.get(key)
                .map(hit -> Cached.of("cache", hit))
                .switchIfEmpty(Mono.defer(() -> missed(key)));
    }

    @GetMapping("/api/db")
    Mono<Quote> quote() {
        return quotes.random(1).map(list -> list.get(0));
    }

    @GetMapping(path = "/api/db", params = "count")
    Mono<List<Quote>> quotes(@RequestParam MultiValueMap<String, String> query) {
        return quotes.random(new Parameters(query).whole("count", 1, 500));
    }

    private static Computed compute(int input) {
        long started = System.nanoTime();
        int result = Work.fib(input);
        long elapsedUs = (System.nanoTime() - started) / NANOSECONDS_PER_MICROSECOND;
        // A decimal number of this scale is never written with an exponent.
        return new Computed(input, result, BigDecimal.valueOf(elapsedUs, DECIMALS_OF_MICROSECONDS));
    }

    private Mono<Cached> missed(String key) {
        // Requests that miss together each wait and each store: nothing is shared but the cache.
        return Mono.delay(settings.cacheMiss())
                .map(waited -> Entry.of(key))
                .flatMap(entry -> entries.put(key, entry).thenReturn(Cached.of("origin", entry)));
    }
}
