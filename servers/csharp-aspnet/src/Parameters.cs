using Microsoft.AspNetCore.WebUtilities;

namespace FastServe.AspNet;

/// <summary>Parameters of a request, decoded as application/x-www-form-urlencoded.</summary>
public static class Parameters
{
    /// <summary>Returns a parameter, null when it is not there. Request.Query would take N for n.</summary>
    public static string? Find(QueryString query, string name)
    {
        foreach (var pair in new QueryStringEnumerable(query.Value))
        {
            if (pair.DecodeName().Span.SequenceEqual(name))
            {
                return pair.DecodeValue().ToString();
            }
        }
        return null;
    }

    /// <summary>Returns the number that 1 to 9 ASCII digits are, null unless it is within the range.</summary>
    public static int? WholeNumber(string text, int least, int most)
    {
        if (text.Length is 0 or > 9 || text.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return null;
        }
        var number = int.Parse(text);
        return number >= least && number <= most ? number : null;
    }
}
