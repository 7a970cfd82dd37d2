using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading.Tasks;

namespace Contoso.Billing
{
    /// <summary>Writes invoices for the accountants.</summary>
    public sealed class InvoiceExport
    {
        /// <summary>Stands in the place of a customer who is gone: the accountants need every invoice.</summary>
        private const string Gone = "(deleted customer)";

        private readonly CustomerDirectory customers;

        public InvoiceExport(CustomerDirectory customers)
        {
            this.customers = customers;
        }

        /// <summary>Writes the invoices to a new file, as UTF-8 with a byte order mark, which Excel needs.</summary>
        public Task WriteFileAsync(IEnumerable<Invoice> invoices, string path)
        {
            using (var writer = new StreamWriter(path, append: false, encoding: new UTF8Encoding(true)))
            {
                return WriteAsync(invoices, writer);
            }
        }

        /// <summary>One line for each invoice.</summary>
        public async Task WriteAsync(IEnumerable<Invoice> invoices, TextWriter writer)
        {
            foreach (Invoice invoice in invoices)
            {
                Customer customer = await customers.FindAsync(invoice.CustomerId);
                string name = customer == null ? Gone : customer.Name;
                await writer.WriteLineAsync($"{invoice.Number};{name};{invoice.Amount}");
            }
        }
    }
}
