import sqlite3

from stock.http import answer
from stock.pages import items_page


def warehouse():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE items (name TEXT, quantity INTEGER, updated_at TEXT)")
    rows = [("black tea", 3, "2026-01-01"), ("green tea", 9, "2026-01-02"), ("100% cacao", 1, "2026-01-03")]
    connection.executemany("INSERT INTO items VALUES (?, ?, ?)", rows)
    return items_page(connection)


def names(handler, **parameters):
    status, body = answer(handler, parameters)
    assert status == 200, body
    return [item["name"] for item in body]


def test_items_are_sorted_searched_and_cut():
    page = warehouse()
    assert names(page) == ["100% cacao", "black tea", "green tea"]
    assert names(page, sort="quantity", order="DESC", limit="2") == ["green tea", "black tea"]
    assert names(page, search="tea") == ["black tea", "green tea"]
    assert names(page, search="0% c") == ["100% cacao"]
    assert names(page, search="%") == ["100% cacao"]


def test_what_is_no_column_is_refused():
    page = warehouse()
    assert answer(page, {"sort": "name; DROP TABLE items"})[0] == 400
    assert answer(page, {"order": "sideways"})[0] == 400
    assert answer(page, {"limit": "many"})[0] == 400
    assert len(names(page)) == 3
