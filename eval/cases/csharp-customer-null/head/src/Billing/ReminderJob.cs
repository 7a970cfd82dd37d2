using System.Collections.Generic;
using System.Threading.Tasks;

namespace Contoso.Billing
{
    /// <summary>Reminds customers of invoices that are overdue, every night.</summary>
    public sealed class ReminderJob
    {
        private readonly CustomerDirectory customers;
        private readonly IMailer mailer;

        public ReminderJob(CustomerDirectory customers, IMailer mailer)
        {
            this.customers = customers;
            this.mailer = mailer;
        }

        /// <summary>How many reminders were sent. Customers who are gone are passed over.</summary>
        public async Task<int> RunAsync(IEnumerable<Invoice> overdue)
        {
            int sent = 0;
            foreach (Invoice invoice in overdue)
            {
                try
                {
                    Customer customer = await customers.FindAsync(invoice.CustomerId);
                    await mailer.SendAsync(customer.Email, $"Reminder: invoice {invoice.Number}");
                    sent++;
                }
                catch (CustomerNotFoundException)
                {
                    // Nobody left to remind.
                }
            }

            return sent;
        }
    }
}
