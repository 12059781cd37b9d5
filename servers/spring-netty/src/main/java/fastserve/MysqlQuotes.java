package fastserve;

import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Wrapped;
import java.util.List;
import java.util.concurrent.TimeoutException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Quotes in MySQL or MariaDB. */
final class MysqlQuotes implements Quotes {
    private final ConnectionPool pool;

    MysqlQuotes(ConnectionPool pool) {
        this.pool = pool;
    }

    @Override
    public Mono<List<Quote>> random(int count) {
        return Mono.usingWhen(pool.create(), connection -> read(connection, count), Connection::close)
                .onErrorMap(error -> new Unavailable("the database does not answer", error));
    }

    private static Mono<List<Quote>> read(Connection connection, int count) {
        return Flux.range(0, count)
                .concatMap(number -> read(connection))
                .collectList()
                .onErrorResume(TimeoutException.class, error -> dropped(connection).then(Mono.error(error)));
    }

    private static Mono<Quote> read(Connection connection) {
        return Flux.from(connection.createStatement(Quote.QUERY).bind(0, Quote.randomId()).execute())
                .concatMap(result -> result.map((row, metadata) -> new Quote(
                        row.get(0, Integer.class), row.get(1, String.class), row.get(2, String.class))))
                .single()
                .timeout(Settings.BACKING_WAIT);
    }

    /** Closes the connection below that of the pool: an answer that is late must not be the next request's. */
    private static Mono<Void> dropped(Connection pooled) {
        Object connection = pooled instanceof Wrapped<?> wrapped ? wrapped.unwrap() : pooled;
        // Nobody waits for it: a silent server does not say goodbye.
        return Mono.fromRunnable(() -> Mono.from(((Connection) connection).close()).subscribe(done -> {}, error -> {}));
    }
}
