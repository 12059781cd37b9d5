package fastserve;

import io.lettuce.core.SetArgs;
import io.lettuce.core.api.reactive.RedisReactiveCommands;
import java.time.Duration;
import java.util.function.Function;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/** A cache in Redis. */
final class RedisEntries implements Entries {
    private static final String PREFIX = "fastserve:";

    private final RedisLink link;
    private final JsonMapper json;
    private final SetArgs expiry;

    RedisEntries(RedisLink link, JsonMapper json, Duration ttl) {
        this.link = link;
        this.json = json;
        this.expiry = SetArgs.Builder.ex(ttl);
    }

    @Override
    public Mono<Entry> get(String key) {
        return ask(redis -> redis.get(PREFIX + key)).map(found -> json.readValue(found, Entry.class));
    }

    @Override
    public Mono<Void> put(String key, Entry entry) {
        String text = json.writeValueAsString(entry);
        return ask(redis -> redis.set(PREFIX + key, text, expiry)).then();
    }

    private Mono<String> ask(Function<RedisReactiveCommands<String, String>, Mono<String>> command) {
        // The attempt to connect is everybody's: a request that gives up does not cancel it.
        return Mono.defer(() -> Mono.fromFuture(link.connection(), true))
                .timeout(Settings.BACKING_WAIT)
                .flatMap(connection -> command.apply(connection.reactive()))
                .onErrorMap(error -> new Unavailable("the cache does not answer", error));
    }
}
