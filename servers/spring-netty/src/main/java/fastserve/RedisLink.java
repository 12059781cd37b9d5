package fastserve;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The one connection to Redis, which all requests share as is usual with Lettuce, made when it is first asked for.
 * ReactiveStringRedisTemplate would connect under a lock and block the event loop for as long as Redis hangs;
 * here all requests wait for the same attempt, and no thread does.
 */
final class RedisLink implements AutoCloseable {
    private static final Duration SHORTEST_BREAK = Duration.ofMillis(50);
    private static final Duration LONGEST_BREAK = Duration.ofMillis(500);

    private final ClientResources resources;
    private final RedisClient client;
    private final RedisURI uri;
    private CompletableFuture<StatefulRedisConnection<String, String>> attempt;

    RedisLink(Settings.Server server) {
        resources = ClientResources.builder()
                .commandLatencyRecorder(CommandLatencyRecorder.disabled())
                .reconnectDelay(Delay.exponential(SHORTEST_BREAK, LONGEST_BREAK, 2, TimeUnit.MILLISECONDS))
                .build();
        client = RedisClient.create(resources);
        client.setOptions(options());
        uri = uri(server);
    }

    /** Returns the connection, which reconnects by itself once it was made; an attempt that failed is made again. */
    synchronized CompletableFuture<StatefulRedisConnection<String, String>> connection() {
        if (attempt == null || attempt.isCompletedExceptionally()) {
            attempt = client.connectAsync(StringCodec.UTF8, uri).toCompletableFuture();
        }
        return attempt;
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, LONGEST_BREAK);
        resources.shutdown(0, LONGEST_BREAK.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static ClientOptions options() {
        return ClientOptions.builder()
                .socketOptions(SocketOptions.builder().connectTimeout(Settings.BACKING_WAIT).build())
                .timeoutOptions(TimeoutOptions.enabled(Settings.BACKING_WAIT))
                // A command is sent once: neither kept until Redis is back nor sent again after a break.
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .replayFilter(command -> true)
                .build();
    }

    private static RedisURI uri(Settings.Server server) {
        RedisURI.Builder builder = RedisURI.builder()
                .withHost(server.host().replaceAll("[\\[\\]]", ""))
                .withPort(server.port())
                .withDatabase(Integer.parseInt(server.name()))
                .withTimeout(Settings.BACKING_WAIT);
        if (!server.user().isEmpty()) {
            builder.withAuthentication(server.user(), server.password().toCharArray());
        } else if (!server.password().isEmpty()) {
            builder.withPassword(server.password().toCharArray());
        }
        return builder.build();
    }
}
