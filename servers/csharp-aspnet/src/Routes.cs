using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FastServe.AspNet;

/// <summary>The routes of the contract.</summary>
public sealed class Routes(Settings settings, ICache cache, IQuotes quotes)
{
    /// <summary>Paths as they are asked for: routing alone takes /API/health and /api/health/ for /api/health.</summary>
    public static readonly string[] Paths = ["/api/health", "/api/compute", "/api/cache", "/api/db"];

    // So many requests compute at once. The pool has more threads than that, so that others are answered meanwhile.
    private readonly SemaphoreSlim _processors = new(settings.ServerCpus);

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet(Paths[0], () => TypedResults.Text("ok"));
        app.MapGet(Paths[1], ComputeAsync);
        app.MapGet(Paths[2], CacheAsync);
        app.MapGet(Paths[3], DatabaseAsync);
    }

    private async Task<IResult> ComputeAsync(HttpRequest request)
    {
        var given = Parameters.Find(request.QueryString, "n");
        if ((given is null ? 40 : Parameters.WholeNumber(given, 0, 45)) is not { } n)
        {
            return Bad("n: expected a whole number from 0 to 45");
        }
        await _processors.WaitAsync();
        try
        {
            var began = Stopwatch.GetTimestamp();
            var result = Work.Fib(n);
            var took = Stopwatch.GetElapsedTime(began);
            return TypedResults.Json(new Computed(n, result, Math.Round(took.TotalMilliseconds, 3)), Json.Relaxed.Computed);
        }
        finally
        {
            _processors.Release();
        }
    }

    private async Task<IResult> CacheAsync(HttpRequest request)
    {
        var key = Parameters.Find(request.QueryString, "key") ?? "default";
        if (key.Length == 0)
        {
            return Bad("key: expected a value, found none");
        }
        var source = "cache";
        var entry = await cache.GetAsync(key);
        if (entry is null)
        {
            source = "origin";
            // Requests that miss together each wait and each store: nothing is shared but the cache.
            await Task.Delay(settings.CacheMiss);
            entry = new Entry(Work.OriginValue(key), Work.NowText());
            await cache.PutAsync(key, entry);
        }
        return TypedResults.Json(new Cached(source, entry.Value, entry.CachedAt), Json.Relaxed.Cached);
    }

    private async Task<IResult> DatabaseAsync(HttpRequest request)
    {
        var given = Parameters.Find(request.QueryString, "count");
        if (given is null)
        {
            return TypedResults.Json((await quotes.ReadAsync(1))[0], Json.Relaxed.Quote);
        }
        return Parameters.WholeNumber(given, 1, 500) is { } count
            ? TypedResults.Json(await quotes.ReadAsync(count), Json.Relaxed.QuoteArray)
            : Bad("count: expected a whole number from 1 to 500");
    }

    private static JsonHttpResult<Failure> Bad(string reason) =>
        TypedResults.Json(new Failure(reason), Json.Relaxed.Failure, statusCode: StatusCodes.Status400BadRequest);
}
