using System;
using System.Collections.Generic;
using System.Linq;

namespace Contoso.Dashboard
{
    /// <summary>Measured values, oldest first. There is always at least one.</summary>
    public sealed class Samples
    {
        private readonly double[] values;

        public Samples(IEnumerable<double> values)
        {
            this.values = values.ToArray();
            if (this.values.Length == 0)
            {
                throw new ArgumentException("There is no sample.", nameof(values));
            }
        }

        public IReadOnlyList<double> Values => values;
    }
}
