namespace Contoso.Orders;

public sealed record Customer(string Id, string Name, decimal DiscountRate);

public sealed class CustomerDirectory
{
    private readonly Dictionary<string, Customer> customers = new();

    public void Add(Customer customer) => customers[customer.Id] = customer;

    /// <summary>Returns null when nobody has this id.</summary>
    public Customer? Find(string customerId)
    {
        return customers.TryGetValue(customerId, out var customer) ? customer : null;
    }
}
