using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;

namespace Contoso.Billing
{
    /// <summary>Writes invoices for the accountants.</summary>
    public sealed class InvoiceExport
    {
        private readonly CustomerDirectory customers;

        public InvoiceExport(CustomerDirectory customers)
        {
            this.customers = customers;
        }

        /// <summary>One line for each invoice.</summary>
        public async Task WriteAsync(IEnumerable<Invoice> invoices, TextWriter writer)
        {
            foreach (Invoice invoice in invoices)
            {
                Customer customer = await customers.FindAsync(invoice.CustomerId);
                await writer.WriteLineAsync($"{invoice.Number};{customer.Name};{invoice.Amount}");
            }
        }
    }
}
