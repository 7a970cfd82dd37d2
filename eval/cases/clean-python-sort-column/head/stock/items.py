"""Lists items."""

from stock.columns import Column, Direction

MAX_LIMIT = 500


def list_items(connection, column=Column.NAME, direction=Direction.UP, search=None, limit=100):
    """The first `limit` items, at most `MAX_LIMIT`; with `search` those whose name holds that text."""
    where, values = "", []
    if search:
        where = "WHERE name LIKE ? ESCAPE '\\'"
        values.append(f"%{escaped(search)}%")
    values.append(max(0, min(limit, MAX_LIMIT)))
    rows = connection.execute(
        f"SELECT name, quantity, updated_at FROM items {where} "
        f"ORDER BY {column.value} {direction.value}, name LIMIT ?",
        values,
    )
    return [{"name": name, "quantity": quantity, "updated_at": updated} for name, quantity, updated in rows]


def escaped(text):
    """The text, meant letter by letter in a LIKE pattern."""
    for character in ("\\", "%", "_"):
        text = text.replace(character, "\\" + character)
    return text
