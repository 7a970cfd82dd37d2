using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Contoso.Dashboard
{
    /// <summary>What operators look at.</summary>
    public sealed class DashboardPage
    {
        /// <summary>What is shown, in this order: the metric and its title.</summary>
        private static readonly (string Metric, string Title)[] Shown =
        {
            ("latency_ms", "Latency"),
            ("errors", "Errors"),
            ("queue_length", "Waiting jobs"),
        };

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

        /// <summary>A tile for each metric that is measured. All are read at the same time.</summary>
        public async Task<IReadOnlyList<Tile>> TilesAsync(CancellationToken cancellation)
        {
            Task<Samples>[] readings = Shown.Select(shown => source.ReadAsync(shown.Metric, cancellation)).ToArray();
            await Task.WhenAll(readings);
            return Shown
                .Zip(readings, (shown, reading) => (Title: shown.Title, Samples: reading.Result))
                .Where(pair => pair.Samples != null)
                .Select(pair => new Tile(pair.Title, pair.Samples))
                .ToList();
        }
    }
}
