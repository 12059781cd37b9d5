package fastserve;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import org.sqlite.SQLiteConfig;

/**
 * Quotes in an SQLite file, read over a small pool of its own: HikariCP closes statements when a connection comes back
 * and the driver keeps none, so that every query would be prepared again.
 */
final class SqliteQuotes implements Quotes, AutoCloseable {
    private final BlockingDeque<Reader> free = new LinkedBlockingDeque<>();

    SqliteQuotes(String path, int connections) throws SQLException {
        for (int made = 0; made < connections; made++) {
            free.add(new Reader(open(path)));
        }
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
    public List<Quote> random(int count) {
        Reader reader = take();
        try {
            List<Quote> quotes = new ArrayList<>(count);
            for (int read = 0; read < count; read++) {
                quotes.add(reader.read(Quote.randomId()));
            }
            return quotes;
        } catch (SQLException error) {
            throw new Unavailable("the database does not answer", error);
        } finally {
            // Last in, first out: a connection used just now has its pages at hand.
            free.addFirst(reader);
        }
    }

    @Override
    public void close() throws SQLException {
        for (Reader reader = free.poll(); reader != null; reader = free.poll()) {
            reader.statement.close();
            reader.connection.close();
        }
    }

    private Reader take() {
        try {
            Reader reader = free.poll(Settings.BACKING_WAIT.toMillis(), TimeUnit.MILLISECONDS);
            if (reader == null) {
                throw new Unavailable("no connection to the database got free", null);
            }
            return reader;
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new Unavailable("the service is stopping", error);
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
