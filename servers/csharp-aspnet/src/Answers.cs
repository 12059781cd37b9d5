using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FastServe.AspNet;

public sealed record Computed(int Input, int Result, double ElapsedMs);

public sealed record Entry(string Value, string CachedAt);

public sealed record Cached(string Source, string Value, string CachedAt);

/// <summary>One row of quotes; a class with setters, since SQLite's whole numbers are longs that Dapper narrows.</summary>
public sealed class Quote
{
    public int Id { get; init; }
    public required string Author { get; init; }
    public required string Content { get; init; }
}

public sealed record Failure(string Error);

/// <summary>What is written as JSON, by code that the compiler makes for these types.</summary>
[JsonSerializable(typeof(Computed))]
[JsonSerializable(typeof(Entry))]
[JsonSerializable(typeof(Cached))]
[JsonSerializable(typeof(Quote))]
[JsonSerializable(typeof(Quote[]))]
[JsonSerializable(typeof(Failure))]
public sealed partial class Json : JsonSerializerContext
{
    /// <summary>The answers are no HTML: only what JSON itself asks for is escaped.</summary>
    public static readonly Json Relaxed = new(
        new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
}
