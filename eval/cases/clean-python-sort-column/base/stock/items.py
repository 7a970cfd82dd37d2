"""Lists items."""

from stock.columns import Column, Direction


def list_items(connection, column=Column.NAME, direction=Direction.UP):
    """All items."""
    rows = connection.execute(f"SELECT name, quantity, updated_at FROM items ORDER BY {column.value} {direction.value}")
    return [{"name": name, "quantity": quantity, "updated_at": updated} for name, quantity, updated in rows]
