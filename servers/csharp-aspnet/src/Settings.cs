using System.Net;
using System.Text.RegularExpressions;

namespace FastServe.AspNet;

/// <summary>A setting that is missing or cannot be used: one line for the operator.</summary>
public sealed class WrongSettingException(string message) : Exception(message);

/// <summary>Where a backing service is and who asks. Path is the database of MySQL, or the number of one of Redis.</summary>
public sealed record ServiceUrl(string User, string Password, string Host, int Port, string Path);

public enum CacheBackend { None, Memory, Redis }

public enum DatabaseBackend { Sqlite, Mysql }

/// <summary>What this service was told, read from the environment and checked before anything starts.</summary>
public sealed partial record Settings
{
    public required int Port { get; init; }
    public required IPAddress Bind { get; init; }
    public required int ServerCpus { get; init; }
    public required CacheBackend Cache { get; init; }
    public ServiceUrl? Redis { get; init; }
    public required TimeSpan CacheMiss { get; init; }
    public required TimeSpan CacheTimeToLive { get; init; }
    public required DatabaseBackend Database { get; init; }
    public string SqlitePath { get; init; } = "";
    public ServiceUrl? Mysql { get; init; }
    public required int PoolSize { get; init; }
    public required bool Metrics { get; init; }

    /// <summary>Reads and checks all settings; throws <see cref="WrongSettingException"/> for the first that is wrong.</summary>
    public static Settings Read(Func<string, string?> environment)
    {
        var reader = new Reader(environment);
        var settings = new Settings
        {
            Port = reader.Whole("PORT", null, 1, 65535),
            Bind = reader.Address("BIND", "127.0.0.1"),
            ServerCpus = reader.Whole("SERVER_CPUS", 1, 1, 1024),
            Cache = (CacheBackend)reader.OneOf("CACHE_BACKEND", "memory", ["none", "memory", "redis"]),
            CacheMiss = TimeSpan.FromMilliseconds(reader.Whole("CACHE_MISS_MS", 2000, 0, 60000)),
            CacheTimeToLive = TimeSpan.FromSeconds(reader.Whole("CACHE_TTL_S", 60, 1, 86400)),
            Database = (DatabaseBackend)reader.OneOf("DB_BACKEND", "sqlite", ["sqlite", "mysql"]),
            PoolSize = reader.Whole("DB_POOL_SIZE", 10, 1, 10000),
            Metrics = reader.OneOf("METRICS", "none", ["none", "full"]) == 1,
        };
        if (settings.Cache == CacheBackend.Redis)
        {
            settings = settings with { Redis = reader.RedisUrl("REDIS_URL") };
        }
        settings = settings.Database == DatabaseBackend.Mysql
            ? settings with { Mysql = reader.MysqlUrl("MYSQL_URL") }
            : settings with { SqlitePath = reader.Needed("SQLITE_PATH") };
        // A query to SQLite keeps a thread: with fewer connections than those, threads would wait for each other.
        if (settings.Database == DatabaseBackend.Sqlite && settings.PoolSize < settings.ServerCpus)
        {
            var expected = $"at least one connection for each of {settings.ServerCpus} threads";
            throw Reader.Wrong("DB_POOL_SIZE", expected, $"{settings.PoolSize}");
        }
        return settings;
    }

    private sealed partial class Reader(Func<string, string?> environment)
    {
        public static WrongSettingException Wrong(string name, string expected, string found) =>
            new($"{name}: expected {expected}, found {found}");

        public string Needed(string name) =>
            environment(name) is { Length: > 0 } value ? value : throw Wrong(name, "a value", "none");

        public int Whole(string name, int? preset, int least, int most)
        {
            if (environment(name) is not { } value)
            {
                return preset ?? throw Wrong(name, "a value", "none");
            }
            return Parameters.WholeNumber(value, least, most)
                ?? throw Wrong(name, $"a whole number from {least} to {most}", Quoted(value));
        }

        public IPAddress Address(string name, string preset)
        {
            var value = environment(name) ?? preset;
            // IPAddress.Parse takes 127.1 too, and numbers of other bases.
            var plain = value.Contains(':') ? !value.Contains('[') : Dotted().IsMatch(value);
            return plain && IPAddress.TryParse(value, out var address)
                ? address
                : throw Wrong(name, "an IP address", Quoted(value));
        }

        public int OneOf(string name, string preset, string[] levels)
        {
            var value = environment(name) ?? preset;
            var place = Array.IndexOf(levels, value);
            return place >= 0 ? place : throw Wrong(name, string.Join(" or ", levels), Quoted(value));
        }

        // The text of an address may hold a password, so it is not repeated.
        public ServiceUrl RedisUrl(string name) =>
            Url(Needed(name), "redis") is { } url && Parameters.WholeNumber(url.Path, 0, 999_999_999) is not null
                ? url
                : throw Wrong(name, "redis://[user][:password@]host:port/number", "another form");

        public ServiceUrl MysqlUrl(string name) =>
            Url(Needed(name), "mysql") is { User.Length: > 0, Path.Length: > 0 } url && !url.Path.AsSpan().ContainsAny("/?#")
                ? url
                : throw Wrong(name, "mysql://user:password@host:port/database", "another form");

        private static ServiceUrl? Url(string text, string scheme)
        {
            var match = ServiceAddress().Match(text);
            if (!match.Success || match.Groups["scheme"].Value != scheme)
            {
                return null;
            }
            string Part(string name) => Uri.UnescapeDataString(match.Groups[name].Value);
            return Parameters.WholeNumber(match.Groups["port"].Value, 1, 65535) is { } port
                ? new ServiceUrl(Part("user"), Part("password"), Part("host").Trim('[', ']'), port, Part("path"))
                : null;
        }

        private static string Quoted(string value) => $"'{value.ReplaceLineEndings(" ")}'";

        [GeneratedRegex(@"^[0-9]{1,3}(\.[0-9]{1,3}){3}\z")]
        private static partial Regex Dotted();

        [GeneratedRegex(
            @"^(?<scheme>[a-z]+)://((?<user>[^:/]*)(:(?<password>.*))?@)?(?<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+):(?<port>[0-9]+)/(?<path>[^/?#]*)\z",
            RegexOptions.ExplicitCapture)]
        private static partial Regex ServiceAddress();
    }
}
