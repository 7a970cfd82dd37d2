"""What visitors may ask for."""

from stock.columns import Column, Direction
from stock.http import BadRequest
from stock.items import list_items


def items_page(connection):
    """The handler of /items?sort=quantity&order=DESC&search=tea&limit=20."""

    def handle(parameters):
        try:
            column = Column(parameters.get("sort", Column.NAME.value))
            direction = Direction(parameters.get("order", Direction.UP.value))
            limit = int(parameters.get("limit", 100))
        except ValueError as error:
            raise BadRequest(f"cannot list items like this: {error}") from error
        return list_items(connection, column, direction, parameters.get("search"), limit)

    return handle
