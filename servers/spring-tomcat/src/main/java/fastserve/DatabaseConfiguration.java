package fastserve;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import org.mariadb.jdbc.MariaDbDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;

/** The quotes, from the database that DB_BACKEND names. */
@Configuration(proxyBeanMethods = false)
class DatabaseConfiguration {

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnProperty(name = "DB_BACKEND", havingValue = "sqlite", matchIfMissing = true)
    static class Sqlite {
        @Bean
        SqliteQuotes quotes(Settings settings) throws SQLException {
            return new SqliteQuotes(settings.sqlitePath(), settings.poolSize());
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnProperty(name = "DB_BACKEND", havingValue = "mysql")
    static class Mysql {
        // The least that HikariCP takes; it is the wait for a ping over a connection that lay idle.
        private static final long VALIDATION_MS = 250;
        private static final Logger LOGGER = LoggerFactory.getLogger(Mysql.class);

        @Bean
        HikariDataSource dataSource(Settings settings) throws SQLException {
            HikariDataSource pool = new HikariDataSource();
            pool.setPoolName("quotes");
            pool.setDataSource(new PromptDataSource(driver(settings.mysql())));
            pool.setMaximumPoolSize(settings.poolSize());
            // Connections are made as requests need them, none for nobody.
            pool.setMinimumIdle(0);
            pool.setConnectionTimeout(Settings.BACKING_WAIT.toMillis());
            pool.setValidationTimeout(VALIDATION_MS);
            // A database that is away at start is no error: what needs it is 503 until it is there.
            pool.setInitializationFailTimeout(-1);
            return pool;
        }

        @Bean
        MysqlQuotes quotes(HikariDataSource dataSource) {
            MysqlQuotes quotes = new MysqlQuotes(new JdbcTemplate(dataSource));
            try {
                // The driver's classes are loaded before somebody waits for them.
                quotes.random(1);
            } catch (DataAccessException error) {
                LOGGER.debug("the database is away at start", error);
            }
            return quotes;
        }

        private static MariaDbDataSource driver(Settings.Server server) throws SQLException {
            long waitMs = Settings.BACKING_WAIT.toMillis();
            MariaDbDataSource driver = new MariaDbDataSource("jdbc:mariadb://" + server + "/" + server.name()
                    + "?useServerPrepStmts=true&connectTimeout=" + waitMs + "&socketTimeout=" + waitMs);
            driver.setUser(server.user());
            driver.setPassword(server.password());
            return driver;
        }
    }
}
