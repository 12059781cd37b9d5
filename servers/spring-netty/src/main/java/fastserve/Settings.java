package fastserve;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What this service was told. redis and mysql are null where they are not asked for. */
record Settings(
        int port,
        String bind,
        int serverCpus,
        String cacheBackend,
        Server redis,
        Duration cacheMiss,
        Duration cacheTtl,
        String databaseBackend,
        String sqlitePath,
        Server mysql,
        int poolSize,
        boolean metrics) {

    /** How long a request waits for a free connection, for a connect, and for the answer to one query or command. */
    static final Duration BACKING_WAIT = Duration.ofMillis(900);

    private static final String HOST = "(?<host>\\[[0-9A-Fa-f:.]+\\]|[^:@/?#\\[\\]\\s]+):(?<port>[0-9]{1,5})/";
    private static final Pattern REDIS_URL = Pattern.compile(
            "redis://((?<user>[^:@/\\s]*)(:(?<password>[^@/\\s]*))?@)?" + HOST + "(?<name>[0-9]{1,9})");
    private static final Pattern MYSQL_URL = Pattern.compile(
            "mysql://(?<user>[^:@/\\s]+):(?<password>[^@/\\s]*)@" + HOST + "(?<name>[^/?#\\s]+)");

    /** A backing service; name is that of the database, or its number. */
    record Server(String host, int port, String user, String password, String name) {
        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    /** Reads and checks all settings; throws {@link WrongSetting} for the first that is wrong. */
    static Settings from(Map<String, String> variables) {
        Environment environment = new Environment(variables);
        String cacheBackend = environment.choice("CACHE_BACKEND", "memory", "none", "redis");
        String databaseBackend = environment.choice("DB_BACKEND", "sqlite", "mysql");
        return new Settings(
                environment.whole("PORT", 1, 65535),
                environment.address("BIND", "127.0.0.1"),
                environment.whole("SERVER_CPUS", 1, 1, 1024),
                cacheBackend,
                cacheBackend.equals("redis")
                        ? server(environment.url("REDIS_URL", REDIS_URL, "redis://[user][:password@]host:port/number"))
                        : null,
                Duration.ofMillis(environment.whole("CACHE_MISS_MS", 2000, 0, 60000)),
                Duration.ofSeconds(environment.whole("CACHE_TTL_S", 60, 1, 86400)),
                databaseBackend,
                databaseBackend.equals("sqlite") ? sqlitePath(environment) : null,
                databaseBackend.equals("mysql")
                        ? server(environment.url("MYSQL_URL", MYSQL_URL, "mysql://user:password@host:port/database"))
                        : null,
                environment.whole("DB_POOL_SIZE", 10, 1, 10000),
                environment.choice("METRICS", "none", "full").equals("full"));
    }

    private static String sqlitePath(Environment environment) {
        String path = environment.text("SQLITE_PATH", "a database with a table quotes");
        SqliteQuotes.check(path);
        return path;
    }

    private static Server server(Matcher url) {
        return new Server(
                url.group("host"),
                Integer.parseInt(url.group("port")),
                plain(url.group("user")),
                plain(url.group("password")),
                plain(url.group("name")));
    }

    private static String plain(String escaped) {
        // In this part of a URL a plus is a plus; the decoder is made for forms, where it is a space.
        return escaped == null ? "" : URLDecoder.decode(escaped.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
