using System.Threading;
using System.Threading.Tasks;

namespace Contoso.Dashboard
{
    /// <summary>What operators look at.</summary>
    public sealed class DashboardPage
    {
        private readonly IMetricSource source;

        public DashboardPage(IMetricSource source)
        {
            this.source = source;
        }

        /// <summary>The newest value of the latency, in milliseconds; null when it is not measured.</summary>
        public async Task<double?> LatencyAsync(CancellationToken cancellation)
        {
            Samples samples = await source.ReadAsync("latency_ms", cancellation);
            return samples?.Values[samples.Values.Count - 1];
        }
    }
}
