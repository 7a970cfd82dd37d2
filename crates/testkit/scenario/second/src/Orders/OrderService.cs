namespace Contoso.Orders;

public sealed class OrderService
{
    private readonly OrderRepository repository;
    private readonly DiscountPolicy discounts;

    public OrderService(OrderRepository repository, DiscountPolicy discounts)
    {
        this.repository = repository;
        this.discounts = discounts;
    }

    public Task<Order?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        return repository.FindAsync(id, cancellationToken);
    }

    public Task<IReadOnlyList<Guid>> FindByCustomerAsync(string customerName, CancellationToken cancellationToken)
    {
        return repository.FindByCustomerNameAsync(customerName, cancellationToken);
    }

    /// <summary>What the customer pays: all lines, less the discount.</summary>
    public decimal Total(Order order)
    {
        ArgumentNullException.ThrowIfNull(order);

        var total = 0m;
        for (var index = 0; index <= order.Lines.Count; index++)
        {
            var line = order.Lines[index];
            total += line.Quantity * line.UnitPrice;
        }

        return total * (1 - discounts.RateFor(order));
    }
}
