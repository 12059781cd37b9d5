using System.Data.Common;
using System.Threading.Channels;
using Dapper;
using Microsoft.Data.Sqlite;
using MySqlConnector;

namespace FastServe.AspNet;

public interface IQuotes
{
    const string Query = "SELECT id, author, content FROM quotes WHERE id = @id";
    const int Rows = 1000;

    /// <summary>Reads random rows, each by a query of its own; throws <see cref="UnavailableException"/>.</summary>
    Task<Quote[]> ReadAsync(int count);

    static int RandomId() => Random.Shared.Next(1, Rows + 1);

    // Dapper makes objects of rows here; it does not prepare commands, so that is done around it.
    static Quote Row(DbDataReader reader) => reader.GetRowParser<Quote>()(reader);
}

/// <summary>
/// Read-only connections to SQLite, open for good and each with its prepared command. The driver's own pool would not
/// keep commands, nor say how many connections there may be.
/// </summary>
public sealed class SqliteQuotes : IQuotes
{
    private readonly Channel<SqliteCommand> _free = Channel.CreateUnbounded<SqliteCommand>();

    public SqliteQuotes(string path, int connections)
    {
        try
        {
            for (var i = 0; i < connections; i++)
            {
                _free.Writer.TryWrite(Open(path));
            }
            if (_free.Reader.TryPeek(out var first) && ReadRow(first) is null)
            {
                throw new WrongSettingException($"SQLITE_PATH: expected quotes, found none in '{path}'");
            }
        }
        catch (SqliteException error)
        {
            var found = error.Message.ReplaceLineEndings(" ");
            throw new WrongSettingException($"SQLITE_PATH: expected a database with a table quotes, found '{path}': {found}");
        }
    }

    public async Task<Quote[]> ReadAsync(int count)
    {
        if (!_free.Reader.TryRead(out var command))
        {
            using var patience = new CancellationTokenSource(Waiting.Most);
            try
            {
                command = await _free.Reader.ReadAsync(patience.Token);
            }
            catch (OperationCanceledException error)
            {
                throw new UnavailableException("database: no connection is free", error);
            }
        }
        try
        {
            var rows = new Quote[count];
            for (var i = 0; i < count; i++)
            {
                // SQLite has no network to wait for: its asynchronous calls would only look like it.
                rows[i] = ReadRow(command) ?? throw new InvalidOperationException("a quote is missing");
            }
            return rows;
        }
        finally
        {
            _free.Writer.TryWrite(command);
        }
    }

    private static SqliteCommand Open(string path)
    {
        var builder = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, Pooling = false };
        var connection = new SqliteConnection(builder.ToString());
        connection.Open();
        connection.Execute("PRAGMA locking_mode = EXCLUSIVE");
        var command = connection.CreateCommand();
        command.CommandText = IQuotes.Query;
        command.Parameters.Add("@id", SqliteType.Integer);
        command.Prepare();
        return command;
    }

    private static Quote? ReadRow(SqliteCommand command)
    {
        command.Parameters[0].Value = IQuotes.RandomId();
        using var reader = command.ExecuteReader();
        return reader.Read() ? IQuotes.Row(reader) : null;
    }
}

/// <summary>Quotes from MariaDB or MySQL through the driver's pool, which connects when it is first asked.</summary>
public sealed class MysqlQuotes(ServiceUrl url, int connections) : IQuotes
{
    private readonly MySqlDataSource _source = new(new MySqlConnectionStringBuilder
    {
        Server = url.Host,
        Port = (uint)url.Port,
        UserID = url.User,
        Password = url.Password,
        Database = url.Path,
        MaximumPoolSize = (uint)connections,
        ConnectionTimeout = 1,
        DefaultCommandTimeout = 1,
        // What is not answered in time ends with its connection: asking the server to stop it would be one more wait.
        CancellationTimeout = -1,
        // Nothing is left behind by reading, and a reset would throw prepared commands away at a round trip each.
        ConnectionReset = false,
        // Nor is a connection asked whether it lives: idle ones go soon, so that no dead one outlasts a restart.
        ConnectionIdleTimeout = 2,
    }.ToString());

    public async Task<Quote[]> ReadAsync(int count)
    {
        await using var connection = await OpenAsync();
        try
        {
            await using var command = new MySqlCommand(IQuotes.Query, connection);
            var id = command.Parameters.Add("@id", MySqlDbType.Int32);
            // The first time on a connection; later the driver finds what it has prepared there.
            await command.PrepareAsync();
            var rows = new Quote[count];
            for (var i = 0; i < count; i++)
            {
                id.Value = IQuotes.RandomId();
                await using var reader = await command.ExecuteReaderAsync();
                rows[i] = await reader.ReadAsync()
                    ? IQuotes.Row(reader)
                    : throw new InvalidOperationException("a quote is missing");
            }
            return rows;
        }
        catch (MySqlException error)
        {
            // The others were made to the same server, and will not fare better.
            await MySqlConnection.ClearPoolAsync(connection);
            throw new UnavailableException($"database: {error.Message}", error);
        }
    }

    private async Task<MySqlConnection> OpenAsync()
    {
        using var patience = new CancellationTokenSource(Waiting.Most);
        var opening = _source.OpenConnectionAsync(patience.Token).AsTask();
        try
        {
            // The driver looks at the token while it waits for its turn, but not while a server keeps silent.
            return await opening.WaitAsync(Waiting.Most + TimeSpan.FromMilliseconds(20));
        }
        catch (MySqlException error)
        {
            throw new UnavailableException($"database: {error.Message}", error);
        }
        catch (Exception error) when (error is OperationCanceledException or TimeoutException)
        {
            _ = opening.ContinueWith(
                late => late.Result.Dispose(), CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw new UnavailableException("database: no connection in time", error);
        }
    }
}
