package fastserve;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Makes HikariCP try again at the next request when a connect failed. By itself its thread that connects sleeps ever
 * longer between tries, up to 5 s, so that a database would be back for long before a request found it. An interrupt
 * ends that thread's task; the next request that waits for a connection starts another.
 */
final class PromptDataSource extends DelegatingDataSource {
    PromptDataSource(DataSource target) {
        super(target);
    }

    @Override
    public Connection getConnection() throws SQLException {
        try {
            return super.getConnection();
        } catch (SQLException error) {
            Thread.currentThread().interrupt();
            throw error;
        }
    }
}
