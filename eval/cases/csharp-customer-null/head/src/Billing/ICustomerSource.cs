using System.Collections.Generic;
using System.Threading.Tasks;

namespace Contoso.Billing
{
    public interface ICustomerSource
    {
        /// <summary>Customers with this id: one or none.</summary>
        Task<IReadOnlyList<Customer>> QueryAsync(int id);
    }
}
