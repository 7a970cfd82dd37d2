using System.Collections.Generic;
using System.Linq;

namespace Contoso.Dashboard
{
    /// <summary>One metric on the page.</summary>
    public sealed class Tile
    {
        public Tile(string title, Samples samples)
        {
            IReadOnlyList<double> values = samples.Values;
            Title = title;
            Newest = values[values.Count - 1];
            Mean = values.Sum() / values.Count;
            Peak = values.Max();
        }

        public string Title { get; }

        public double Newest { get; }

        public double Mean { get; }

        public double Peak { get; }
    }
}
