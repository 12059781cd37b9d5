package fastserve;

import io.lettuce.core.RedisException;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
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
    public Entry get(String key) {
        String found = ask(redis -> redis.get(PREFIX + key));
        return found == null ? null : json.readValue(found, Entry.class);
    }

    @Override
    public void put(String key, Entry entry) {
        String text = json.writeValueAsString(entry);
        ask(redis -> redis.set(PREFIX + key, text, expiry));
    }

    private String ask(Function<RedisCommands<String, String>, String> command) {
        try {
            return command.apply(link.connection()
                    .get(Settings.BACKING_WAIT.toMillis(), TimeUnit.MILLISECONDS)
                    .sync());
        } catch (RedisException | ExecutionException | TimeoutException error) {
            throw new Unavailable("the cache does not answer", error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new Unavailable("the service is stopping", error);
        }
    }
}
