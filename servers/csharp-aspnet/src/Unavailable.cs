namespace FastServe.AspNet;

/// <summary>A backing service is away or silent, or no connection gets free: 503.</summary>
public sealed class UnavailableException(string message, Exception? cause = null) : Exception(message, cause);

public static class Waiting
{
    /// <summary>A request waits so long for a connection, and for one answer of a backing service.</summary>
    public static readonly TimeSpan Most = TimeSpan.FromMilliseconds(900);
}
