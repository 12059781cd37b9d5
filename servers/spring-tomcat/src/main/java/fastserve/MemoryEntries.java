package fastserve;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;

/** A cache in this process. */
final class MemoryEntries implements Entries {
    // Bounds the memory of the process whatever keys are asked for.
    private static final int MOST = 100_000;

    private final Cache<String, Entry> cache;

    MemoryEntries(Duration ttl) {
        cache = Caffeine.newBuilder().maximumSize(MOST).expireAfterWrite(ttl).build();
    }

    @Override
    public Entry get(String key) {
        return cache.getIfPresent(key);
    }

    @Override
    public void put(String key, Entry entry) {
        cache.put(key, entry);
    }
}
