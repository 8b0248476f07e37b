namespace Orchestrator.Bench.Cluster.Figures;

/// <summary>Some numbers, as their median, their 95th percentile and their largest.</summary>
internal sealed class Distribution
{
    private readonly double[] _sorted;

    public Distribution(IEnumerable<double> values) => _sorted = [.. values.Order()];

    public int Count => _sorted.Length;

    public override string ToString() => Count == 0 ? "– / – / –" : $"{At(0.5):0} / {At(0.95):0} / {At(1):0}";

    private double At(double share) => _sorted[Math.Min(Count - 1, (int)(Count * share))];
}
