using Microsoft.Extensions.Options;
using Npgsql;
using Orchestrator.Journal;
using Orchestrator.Silo.Stores.Postgres;
using Orchestrator.Testing;
using static Orchestrator.Silo.Tests.Facts;

namespace Orchestrator.Silo.Tests.Stores.Postgres;

/// <summary>What is checked and done before the first conversation, and what a person reads when it fails.</summary>
public sealed class PostgresStartTests(SharedPostgres shared)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Processes_ThatStartTogether_MigrateOnce_AndHaveDifferentIncarnations()
    {
        var connection = await NewDatabaseAsync();
        var databases = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => OpenAsync(connection))));
        Assert.Equal(Migrations.All.Select(m => m.Name), databases.SelectMany(d => d.Applied));
        Assert.Equal(databases.Length, databases.Select(d => d.Incarnation).Distinct().Count());

        var later = await OpenAsync(connection);
        Assert.Empty(later.Applied);
        Assert.All(databases, d => Assert.True(later.Incarnation > d.Incarnation));
        foreach (var database in databases.Append(later))
        {
            await database.DisposeAsync();
        }
    }

    [Fact]
    public async Task Migrations_MayBeAppliedTwice()
    {
        var connection = await NewDatabaseAsync();
        await using (await OpenAsync(connection))
        {
        }

        await RunAsync(connection, "delete from orchestrator.migrations");
        await using var again = await OpenAsync(connection);
        Assert.Equal(Migrations.All.Count, again.Applied.Count);
    }

    [Fact]
    public void Migrations_AreNumberedWithoutGaps() => Assert.Equal(Enumerable.Range(1, Migrations.Latest), Migrations.All.Select(m => m.Version));

    [Fact]
    public async Task NewerSchema_IsRefused()
    {
        var connection = await NewDatabaseAsync();
        await using (await OpenAsync(connection))
        {
        }

        await RunAsync(connection, $"insert into orchestrator.migrations (version, name) values ({Migrations.Latest + 1}, 'future')");
        var refused = await Assert.ThrowsAsync<PostgresStartException>(() => OpenAsync(connection));
        Assert.Contains($"has schema {Migrations.Latest + 1}, and this version of Orchestrator knows schemas up to {Migrations.Latest}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Role_WithoutTheRightToCreate_MayUseWhatIsThere()
    {
        var connection = await NewDatabaseAsync();
        await using (await OpenAsync(connection))
        {
        }

        var role = $"runner_{Guid.NewGuid():N}";
        await RunAsync(connection, $"""
            create role {role} login password '{PostgresServer.Password}';
            grant usage on schema orchestrator to {role};
            grant select, insert, update, delete on all tables in schema orchestrator to {role};
            grant usage on all sequences in schema orchestrator to {role};
            """);
        await using var silo = await PostgresPeer.OpenAsync(new NpgsqlConnectionStringBuilder(connection) { Username = role }.ConnectionString);
        var mine = await silo.Store.ClaimAsync(new TenantId("acme"), NewId(), "silo-1", mustExist: false, None);
        await silo.Store.AppendAsync(mine, From(1, Opened()), Durability.Flushed, None);
        Assert.Single((await silo.Store.LoadAsync(mine.Tenant, mine.Conversation, None)).Entries);
    }

    [Fact]
    public async Task WrongPassword_IsSaidAtOnce_WithoutThePassword()
    {
        var connection = new NpgsqlConnectionStringBuilder(await NewDatabaseAsync()) { Password = "pw-wrong-secret" }.ConnectionString;
        var refused = await Assert.ThrowsAsync<PostgresStartException>(() => OpenAsync(connection));
        Assert.Contains("password authentication failed", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Orchestrator:Postgres:ConnectionString", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pw-wrong-secret", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AbsentServer_IsSaid_WithTheKeyAndThePlace_WithoutThePassword()
    {
        var connection = PostgresServer.ConnectionString("nowhere", Ports.Free());
        var refused = await Assert.ThrowsAsync<PostgresStartException>(() => OpenAsync(connection, "StartPatience=00:00:01"));
        Assert.Contains("nowhere at 127.0.0.1 as orchestrator", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Orchestrator:Postgres:ConnectionString", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresServer.Password, refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SeveralHosts_AreTriedForTheOneThatTakesWrites()
    {
        var one = new NpgsqlConnectionStringBuilder(await NewDatabaseAsync());
        var several = new NpgsqlConnectionStringBuilder(one.ConnectionString) { Host = $"127.0.0.1:{Ports.Free()},127.0.0.1:{one.Port}" };
        await using var silo = await PostgresPeer.OpenAsync(several.ConnectionString);
        await silo.Store.ClaimAsync(new TenantId("acme"), NewId(), "silo-1", mustExist: false, None);
        Assert.Contains(several.Host, silo.Database.Place, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Database_ThatMayForgetWhatItAcknowledged_IsRefused()
    {
        var connection = await NewDatabaseAsync();
        await RunAsync(connection, $"alter database {new NpgsqlConnectionStringBuilder(connection).Database} set synchronous_commit = off");
        NpgsqlConnection.ClearAllPools();
        var refused = await Assert.ThrowsAsync<PostgresStartException>(() => OpenAsync(connection));
        Assert.Contains("synchronous_commit is off", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ConnectionString", "")]
    [InlineData("ConnectionString", "Database=x;Password=hidden-word")]
    [InlineData("ConnectionString", "Host=x;Password=hidden-word")]
    [InlineData("ConnectionString", "Host=x;Database=y;hidden-word=1")]
    [InlineData("ConnectionString", "Host=x;Database=y;Port=hidden-word")]
    [InlineData("Patience", "00:00:00.100")]
    [InlineData("Patience", "00:00:10")]
    [InlineData("StartPatience", "00:00:00")]
    [InlineData("DeadAfter", "00:00:01")]
    public void WrongValue_IsRefused_ByItsKey_WithoutItsContent(string key, string value)
    {
        var settings = key == "ConnectionString" ? [] : new[] { $"{key}={value}" };
        var refused = Assert.Throws<OptionsValidationException>(() =>
            PostgresPeer.Options(key == "ConnectionString" ? value : PostgresServer.ConnectionString("x", 1), settings));
        Assert.StartsWith($"Orchestrator:Postgres:{key} ", Assert.Single(refused.Failures), StringComparison.Ordinal);
        Assert.DoesNotContain("hidden-word", refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresServer.Password, refused.ToString(), StringComparison.Ordinal);
    }

    private async Task<string> NewDatabaseAsync() => await (await shared.Server).CreateDatabaseAsync();

    private static Task<PostgresDatabase> OpenAsync(string connection, params string[] settings) =>
        PostgresDatabase.OpenAsync(PostgresPeer.Options(connection, settings), TimeProvider.System, None);

    private static async Task RunAsync(string connection, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
