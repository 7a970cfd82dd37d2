"""Columns that callers may name."""

from enum import Enum


class Column(Enum):
    """The value is the column's name in SQL. Looking a value up that is none of these raises ValueError."""

    NAME = "name"
    QUANTITY = "quantity"
    UPDATED = "updated_at"


class Direction(Enum):
    UP = "ASC"
    DOWN = "DESC"
