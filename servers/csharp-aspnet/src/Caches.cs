using System.Text.Json;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FastServe.AspNet;

public interface ICache
{
    Task<Entry?> GetAsync(string key);

    Task PutAsync(string key, Entry entry);
}

public sealed class NoCache : ICache
{
    public Task<Entry?> GetAsync(string key) => Task.FromResult<Entry?>(null);

    public Task PutAsync(string key, Entry entry) => Task.CompletedTask;
}

/// <summary>A cache in this process. Beyond its bound the library drops 5 % of it, which leaves 100,000 entries.</summary>
public sealed class ProcessCache(TimeSpan timeToLive) : ICache
{
    private readonly MemoryCache _entries =
        new(Options.Create(new MemoryCacheOptions { SizeLimit = 110_000, CompactionPercentage = 0.05 }));

    public Task<Entry?> GetAsync(string key) => Task.FromResult(_entries.Get<Entry>(key));

    public Task PutAsync(string key, Entry entry)
    {
        _entries.Set(key, entry, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = timeToLive });
        return Task.CompletedTask;
    }
}

/// <summary>A cache in Redis, over the one connection that StackExchange.Redis shares between all requests.</summary>
public sealed class RedisCache : ICache
{
    private readonly TimeSpan _timeToLive;
    private readonly Task<ConnectionMultiplexer> _connecting;

    public RedisCache(ServiceUrl url, TimeSpan timeToLive)
    {
        var wait = (int)Waiting.Most.TotalMilliseconds;
        _timeToLive = timeToLive;
        // Not waited for: a Redis that is away at start makes 503 where it is needed, and nothing else.
        _connecting = ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
        {
            EndPoints = { { url.Host, url.Port } },
            User = url.User.Length > 0 ? url.User : null,
            Password = url.Password.Length > 0 ? url.Password : null,
            DefaultDatabase = int.Parse(url.Path),
            AbortOnConnectFail = false,
            ConnectTimeout = wait,
            AsyncTimeout = wait,
            SyncTimeout = wait,
            // Waits that are over are found at the next beat: once a second would be too late for 900 ms.
            HeartbeatInterval = TimeSpan.FromMilliseconds(100),
            BacklogPolicy = BacklogPolicy.FailFast,
            ReconnectRetryPolicy = new LinearRetry(500),
        });
    }

    public async Task<Entry?> GetAsync(string key)
    {
        var stored = await AskedAsync(redis => redis.StringGetAsync("fastserve:" + key));
        return stored.IsNull ? null : JsonSerializer.Deserialize((string)stored!, Json.Relaxed.Entry);
    }

    public Task PutAsync(string key, Entry entry)
    {
        var text = JsonSerializer.Serialize(entry, Json.Relaxed.Entry);
        return AskedAsync(redis => redis.StringSetAsync("fastserve:" + key, text, _timeToLive));
    }

    private async Task<T> AskedAsync<T>(Func<IDatabase, Task<T>> ask)
    {
        try
        {
            var connection = _connecting.IsCompletedSuccessfully
                ? _connecting.Result
                : await _connecting.WaitAsync(Waiting.Most);
            return await ask(connection.GetDatabase());
        }
        // Commands that were on their way when the connection was given up are cancelled.
        catch (Exception error) when (error is RedisException or TimeoutException or OperationCanceledException)
        {
            throw new UnavailableException("cache: Redis is away or silent", error);
        }
    }
}
