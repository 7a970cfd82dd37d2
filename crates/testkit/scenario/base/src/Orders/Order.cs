namespace Contoso.Orders;

public sealed record OrderLine(string Sku, int Quantity, decimal UnitPrice);

public sealed record Order(Guid Id, string CustomerId, IReadOnlyList<OrderLine> Lines);
