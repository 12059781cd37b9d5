// The few things worth a test without a server: the rest is held to the contract from outside.
using FastServe.AspNet;

var failed = 0;

void Same<T>(T expected, T found, string what)
{
    if (!EqualityComparer<T>.Default.Equals(expected, found))
    {
        failed++;
        Console.Error.WriteLine($"{what}: expected {expected}, found {found}");
    }
}

string Refusal(params (string Name, string Value)[] variables)
{
    var told = new Dictionary<string, string> { ["PORT"] = "8080", ["SQLITE_PATH"] = "quotes.sqlite" };
    foreach (var (name, value) in variables)
    {
        told[name] = value;
    }
    try
    {
        Settings.Read(told.GetValueOrDefault);
        return "";
    }
    catch (WrongSettingException wrong)
    {
        return wrong.Message;
    }
}

foreach (var (n, number) in new[] { (0, 0), (1, 1), (2, 1), (10, 55), (24, 46368) })
{
    Same(number, Work.Fib(n), $"fib({n})");
}
Same("af63dc4c8601ec8caf63dc4c8601ec8c", Work.OriginValue("a")[..32], "the value of a");
Same("b7450e1ef58140da", Work.OriginValue("größe")[64..], "the value of größe");

Same("größe a+b", Parameters.Find(new QueryString("?x=1&key=gr%C3%B6%C3%9Fe+a%2Bb"), "key"), "a key");
Same(null, Parameters.Find(new QueryString("?N=1"), "n"), "a parameter in another case");
Same("", Parameters.Find(new QueryString("?n"), "n"), "a parameter without a value");
Same(7, Parameters.WholeNumber("007", 0, 45), "leading zeros");
foreach (var wrong in new[] { "", "+5", "-1", "5.0", " 5", "46", "0000000005", "٣" })
{
    Same(null, Parameters.WholeNumber(wrong, 0, 45), $"the number '{wrong}'");
}

Same("", Refusal(), "right settings");
Same("PORT: expected a whole number from 1 to 65535, found 'x'", Refusal(("PORT", "x")), "a wrong port");
Same("BIND: expected an IP address, found '127.1'", Refusal(("BIND", "127.1")), "a wrong address");
Same("REDIS_URL: expected a value, found none", Refusal(("CACHE_BACKEND", "redis")), "no Redis");
Same(
    "MYSQL_URL: expected mysql://user:password@host:port/database, found another form",
    Refusal(("DB_BACKEND", "mysql"), ("MYSQL_URL", "mysql://db/quotes")),
    "a wrong address of MySQL");
var url = Settings.Read(new Dictionary<string, string>
{
    ["PORT"] = "8080",
    ["SQLITE_PATH"] = "x",
    ["CACHE_BACKEND"] = "redis",
    ["REDIS_URL"] = "redis://:p%40ss@[::1]:6379/3",
}.GetValueOrDefault).Redis;
Same(new ServiceUrl("", "p@ss", "::1", 6379, "3"), url, "an address of Redis");

Console.WriteLine(failed == 0 ? "all right" : $"{failed} wrong");
return failed == 0 ? 0 : 1;
