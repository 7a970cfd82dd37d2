using System.Data.Common;

namespace Contoso.Orders;

public sealed class OrderRepository
{
    private readonly DbDataSource database;

    public OrderRepository(DbDataSource database)
    {
        this.database = database;
    }

    public async Task<Order?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("select id, customer_id from orders where id = $1");
        AddParameter(command, id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new Order(reader.GetGuid(0), reader.GetString(1), Array.Empty<OrderLine>())
            : null;
    }

    private static void AddParameter(DbCommand command, object value)
    {
        var parameter = command.CreateParameter();
        parameter.Value = value;
        command.Parameters.Add(parameter);
    }
}
