using FastServe.AspNet;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Prometheus;

try
{
    Build(Settings.Read(Environment.GetEnvironmentVariable)).Run();
    return 0;
}
catch (WrongSettingException error)
{
    Console.Error.WriteLine($"csharp-aspnet: {error.Message}");
}
catch (OperationCanceledException)
{
    // Told to end, and something computed for longer than the end may wait: it is cut off.
    return 0;
}
catch (IOException error)
{
    // The place to listen at is taken, for instance.
    Console.Error.WriteLine($"csharp-aspnet: {error.Message}");
}
return 1;

static WebApplication Build(Settings settings)
{
    // As many threads again as may compute, without the half second that the pool takes to add one.
    ThreadPool.SetMinThreads(2 * settings.ServerCpus, 2 * settings.ServerCpus);
    var builder = WebApplication.CreateSlimBuilder();
    builder.Logging.ClearProviders();
    builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(3));
    builder.Services.Configure<SocketTransportOptions>(options => options.Backlog = 2048);
    builder.WebHost.ConfigureKestrel(kestrel =>
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(1);
        kestrel.Listen(settings.Bind, settings.Port);
    });
    var app = builder.Build();
    app.UseRouting();
    if (settings.Metrics)
    {
        // .NET's own meters would count each request once more, under other names and a moment later.
        Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions { SuppressMeters = true, SuppressEventCounters = true });
        app.UseHttpMetrics();
    }
    app.UseJsonErrors(settings.Metrics ? [.. Routes.Paths, "/metrics"] : Routes.Paths);
    new Routes(settings, CacheOf(settings), QuotesOf(settings)).Map(app);
    if (settings.Metrics)
    {
        app.MapMetrics("/metrics");
    }
    return app;
}

static ICache CacheOf(Settings settings) => settings.Cache switch
{
    CacheBackend.Redis => new RedisCache(settings.Redis!, settings.CacheTimeToLive),
    CacheBackend.Memory => new ProcessCache(settings.CacheTimeToLive),
    _ => new NoCache(),
};

static IQuotes QuotesOf(Settings settings) => settings.Database switch
{
    DatabaseBackend.Mysql => new MysqlQuotes(settings.Mysql!, settings.PoolSize),
    _ => new SqliteQuotes(settings.SqlitePath, settings.PoolSize),
};
