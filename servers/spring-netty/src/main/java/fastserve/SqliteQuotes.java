package fastserve;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.sqlite.SQLiteConfig;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Quotes in an SQLite file. There is no reactive driver for a file, so JDBC runs on a bounded elastic scheduler with
 * one thread for each connection: what waits for a connection waits in its queue, and no event loop does.
 */
final class SqliteQuotes implements Quotes, AutoCloseable {
    private static final int IDLE_S = 60;

    private final Deque<Reader> free = new ConcurrentLinkedDeque<>();
    private final Scheduler threads;

    SqliteQuotes(String path, int connections) throws SQLException {
        for (int made = 0; made < connections; made++) {
            free.add(new Reader(open(path)));
        }
        threads = Schedulers.newBoundedElastic(
                connections, Schedulers.DEFAULT_BOUNDED_ELASTIC_QUEUESIZE, SqliteQuotes::thread, IDLE_S);
    }

    /** Return a thread that stands behind those that compile, see run.sh. */
    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "sqlite");
        thread.setDaemon(true);
        thread.setPriority(Thread.MIN_PRIORITY);
        return thread;
    }

    /** Throws {@link WrongSetting} unless a path is an SQLite file with quotes in it. */
    static void check(String path) {
        String expected = "a database with a table quotes";
        String count = "SELECT count(id), count(author), count(content) FROM quotes";
        try (Connection connection = open(path);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(count)) {
            if (!rows.next() || rows.getInt(1) == 0) {
                throw new WrongSetting("SQLITE_PATH", "quotes", "none in '" + path + "'");
            }
        } catch (SQLException error) {
            throw new WrongSetting("SQLITE_PATH", expected, "'" + path + "': " + error.getMessage());
        }
    }

    @Override
    public Mono<List<Quote>> random(int count) {
        return Mono.fromCallable(() -> read(count))
                .subscribeOn(threads)
                .timeout(Settings.BACKING_WAIT)
                .onErrorMap(error -> new Unavailable("the database does not answer", error));
    }

    @Override
    public void close() throws SQLException {
        threads.dispose();
        for (Reader reader = free.poll(); reader != null; reader = free.poll()) {
            reader.statement.close();
            reader.connection.close();
        }
    }

    private List<Quote> read(int count) throws SQLException {
        // There are as many readers as threads.
        Reader reader = free.pop();
        try {
            List<Quote> quotes = new ArrayList<>(count);
            for (int read = 0; read < count; read++) {
                quotes.add(reader.read(Quote.randomId()));
            }
            return quotes;
        } finally {
            // Last in, first out: a connection used just now has its pages at hand.
            free.push(reader);
        }
    }

    private static Connection open(String path) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(true);
        // The shared lock is taken once and kept, where each query would ask the kernel for it.
        config.setLockingMode(SQLiteConfig.LockingMode.EXCLUSIVE);
        return config.createConnection("jdbc:sqlite:" + Path.of(path).toUri());
    }

    /** A connection with its prepared statement, used by one thread at a time. */
    private static final class Reader {
        private final Connection connection;
        private final PreparedStatement statement;

        Reader(Connection connection) throws SQLException {
            this.connection = connection;
            this.statement = connection.prepareStatement(Quote.QUERY);
        }

        Quote read(int id) throws SQLException {
            statement.setInt(1, id);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    throw new SQLException("no quote " + id);
                }
                return new Quote(row.getInt(1), row.getString(2), row.getString(3));
            }
        }
    }
}
