package fastserve;

import reactor.core.publisher.Mono;

/** No cache: every request is a miss. */
final class NoEntries implements Entries {
    @Override
    public Mono<Entry> get(String key) {
        return Mono.empty();
    }

    @Override
    public Mono<Void> put(String key, Entry entry) {
        return Mono.empty();
    }
}
