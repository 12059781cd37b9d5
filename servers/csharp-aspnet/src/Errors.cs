namespace FastServe.AspNet;

/// <summary>Every error is JSON, whoever makes it.</summary>
public static class Errors
{
    public static void UseJsonErrors(this WebApplication app, IEnumerable<string> paths)
    {
        var known = paths.ToHashSet(StringComparer.Ordinal);
        app.Use(async (HttpContext context, RequestDelegate next) =>
        {
            if (!known.Contains(context.Request.Path.Value ?? ""))
            {
                await AnswerAsync(context, StatusCodes.Status404NotFound, "no such path");
                return;
            }
            try
            {
                await next(context);
            }
            catch (UnavailableException error)
            {
                await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, error.Message);
                return;
            }
            catch (Exception error) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync($"csharp-aspnet: {error}");
                await AnswerAsync(context, StatusCodes.Status500InternalServerError, "internal error");
                return;
            }
            if (context.Response is { StatusCode: StatusCodes.Status405MethodNotAllowed, HasStarted: false })
            {
                await AnswerAsync(context, StatusCodes.Status405MethodNotAllowed, "expected GET");
            }
        });
    }

    private static Task AnswerAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new Failure(reason), Json.Relaxed.Failure);
    }
}
