namespace Contoso.Orders;

public sealed class OrderService
{
    private readonly OrderRepository repository;

    public OrderService(OrderRepository repository)
    {
        this.repository = repository;
    }

    public Task<Order?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        return repository.FindAsync(id, cancellationToken);
    }
}
