namespace Contoso.Billing
{
    public sealed class Invoice
    {
        public Invoice(string number, int customerId, decimal amount)
        {
            Number = number;
            CustomerId = customerId;
            Amount = amount;
        }

        public string Number { get; }

        public int CustomerId { get; }

        public decimal Amount { get; }
    }
}
