package fastserve;

import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ValidationDepth;
import java.sql.SQLException;
import java.time.Duration;
import org.mariadb.r2dbc.MariadbConnectionConfiguration;
import org.mariadb.r2dbc.MariadbConnectionFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.core.publisher.Mono;

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
        private static final Duration CREATED_WITHIN = Duration.ofSeconds(10);

        @Bean(destroyMethod = "dispose")
        ConnectionPool connectionPool(Settings settings, ReactorResourceFactory resources) {
            return new ConnectionPool(ConnectionPoolConfiguration.builder(driver(settings.mysql(), resources))
                    // Connections are made as they are asked for, so a database that is away at start is no error.
                    .initialSize(0)
                    .maxSize(settings.poolSize())
                    .maxAcquireTime(Settings.BACKING_WAIT)
                    // Longer than anybody waits for it: one that is late still takes its place in the pool, where one
                    // that was given up would be open beside those of the pool until its server has answered.
                    .maxCreateConnectionTime(CREATED_WITHIN)
                    .acquireRetry(0)
                    // A connection that its server closed is passed over, where the pool would lend it and then fail.
                    .customizer(pool -> pool.evictionPredicate((connection, metadata) -> !isOpen(connection)))
                    .build());
        }

        @Bean
        MysqlQuotes quotes(ConnectionPool pool) {
            MysqlQuotes quotes = new MysqlQuotes(pool);
            // The driver's classes are loaded before somebody waits for them; a database that is away is no error yet.
            quotes.random(1).onErrorComplete().block();
            return quotes;
        }

        private static boolean isOpen(Connection connection) {
            // Known without asking the server, so the future has its value at once.
            return Mono.from(connection.validate(ValidationDepth.LOCAL)).toFuture().getNow(false);
        }

        private static MariadbConnectionFactory driver(Settings.Server server, ReactorResourceFactory resources) {
            return MariadbConnectionFactory.from(MariadbConnectionConfiguration.builder()
                    .host(server.host().replaceAll("[\\[\\]]", ""))
                    .port(server.port())
                    .username(server.user())
                    .password(server.password())
                    .database(server.name())
                    .connectTimeout(Settings.BACKING_WAIT)
                    .useServerPrepStmts(true)
                    // The event loops of the HTTP server: a query and its request stay on one thread.
                    .loopResources(resources.getLoopResources())
                    .build());
        }
    }
}
