namespace Orchestrator.Bench.Load.Targets;

/// <summary>Arguments that the product's processes share. Everything else stays as it is shipped.</summary>
internal static class ProductSettings
{
    public static readonly string[] Tenant = ["--Orchestrator:Tenants:0:Id=acme", $"--Orchestrator:Tenants:0:ApiKeys:0={Target.Key}"];

    public static string[] Upstream(Uri upstream) =>
    [
        "--Orchestrator:Upstream:Endpoints:0:Name=echo",
        $"--Orchestrator:Upstream:Endpoints:0:BaseUrl={upstream.GetLeftPart(UriPartial.Authority)}",
        "--Orchestrator:Upstream:Endpoints:0:ApiKey=test",
    ];
}
