package fastserve;

import reactor.core.publisher.Mono;

/** A cache of entries by key, which forgets them after a time. */
interface Entries {
    /** Finds the entry of a key; empty when there is none. */
    Mono<Entry> get(String key);

    Mono<Void> put(String key, Entry entry);
}
