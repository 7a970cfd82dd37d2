using System.Threading;
using System.Threading.Tasks;

namespace Contoso.Dashboard
{
    public interface IMetricSource
    {
        /// <summary>The samples of the last hour; null when the metric is not measured.</summary>
        Task<Samples> ReadAsync(string metric, CancellationToken cancellation);
    }
}
