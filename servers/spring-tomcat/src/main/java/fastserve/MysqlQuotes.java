package fastserve;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.PreparedStatementCallback;

/** Quotes in MySQL or MariaDB. */
final class MysqlQuotes implements Quotes {
    private final JdbcTemplate jdbc;

    MysqlQuotes(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
    }

    @Override
    public List<Quote> random(int count) {
        // A callback keeps one connection for the whole request; the driver keeps the statement prepared on it.
        return jdbc.execute(Quote.QUERY, (PreparedStatementCallback<List<Quote>>) statement -> {
            List<Quote> quotes = new ArrayList<>(count);
            for (int read = 0; read < count; read++) {
                quotes.add(read(statement, Quote.randomId()));
            }
            return quotes;
        });
    }

    private static Quote read(PreparedStatement statement, int id) throws SQLException {
        statement.setInt(1, id);
        try (ResultSet row = statement.executeQuery()) {
            if (!row.next()) {
                throw new SQLException("no quote " + id);
            }
            return new Quote(row.getInt(1), row.getString(2), row.getString(3));
        }
    }
}
