using System.Collections.Generic;
using System.Threading.Tasks;

namespace Contoso.Billing
{
    /// <summary>Looks customers up in the customer service.</summary>
    public sealed class CustomerDirectory
    {
        private readonly ICustomerSource source;

        public CustomerDirectory(ICustomerSource source)
        {
            this.source = source;
        }

        /// <summary>The customer with this id; null when there is none (any more).</summary>
        public async Task<Customer> FindAsync(int id)
        {
            IReadOnlyList<Customer> found = await source.QueryAsync(id);
            return found.Count == 0 ? null : found[0];
        }
    }
}
