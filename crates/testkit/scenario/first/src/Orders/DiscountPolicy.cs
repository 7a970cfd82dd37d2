namespace Contoso.Orders;

/// <summary>Decides what a customer pays less.</summary>
public sealed class DiscountPolicy
{
    private const decimal HighestRate = 0.3m;

    private readonly CustomerDirectory directory;

    public DiscountPolicy(CustomerDirectory directory)
    {
        this.directory = directory;
    }

    /// <summary>The rate for an order, between 0 and 0.3.</summary>
    public decimal RateFor(Order order)
    {
        var customer = directory.Find(order.CustomerId);
        return Math.Min(customer.DiscountRate, HighestRate);
    }
}
