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

        /// <summary>The customer with this id.</summary>
        /// <exception cref="CustomerNotFoundException">There is none.</exception>
        public async Task<Customer> FindAsync(int id)
        {
            IReadOnlyList<Customer> found = await source.QueryAsync(id);
            if (found.Count == 0)
            {
                throw new CustomerNotFoundException(id);
            }

            return found[0];
        }
    }
}
