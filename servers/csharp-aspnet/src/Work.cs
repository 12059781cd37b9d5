using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace FastServe.AspNet;

/// <summary>What the routes compute.</summary>
public static class Work
{
    /// <summary>Work for the processor: the Fibonacci number of n by naive recursion.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Fib(int n) => n < 2 ? n : Fib(n - 1) + Fib(n - 2);

    /// <summary>What the slow origin holds for a key: its FNV-1a hash in hexadecimal, five times.</summary>
    public static string OriginValue(string key)
    {
        var hash = 0xcbf29ce484222325;
        foreach (var part in Encoding.UTF8.GetBytes(key))
        {
            hash = unchecked((hash ^ part) * 0x00000100000001b3);
        }
        return string.Concat(Enumerable.Repeat(hash.ToString("x16", CultureInfo.InvariantCulture), 5));
    }

    /// <summary>The time in UTC, as in 2026-01-31T23:59:59.123Z.</summary>
    public static string NowText() =>
        DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
