package fastserve;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import reactor.core.publisher.Mono;

/** A cache in this process. */
final class MemoryEntries implements Entries {
    // Bounds the memory of the process whatever keys are asked for.
    private static final int MOST = 100_000;

    private final Cache<String, Entry> cache;

    MemoryEntries(Duration ttl) {
        cache = Caffeine.newBuilder().maximumSize(MOST).expireAfterWrite(ttl).build();
    }

    @Override
    public Mono<Entry> get(String key) {
        return Mono.justOrEmpty(cache.getIfPresent(key));
    }

    @Override
    public Mono<Void> put(String key, Entry entry) {
        cache.put(key, entry);
        return Mono.empty();
    }
}
