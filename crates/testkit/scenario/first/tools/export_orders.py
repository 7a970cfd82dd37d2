"""Writes the orders of one customer to a CSV file."""

import argparse
import csv
import json
import urllib.parse
import urllib.request


def fetch_orders(base_url: str, customer: str) -> list[dict]:
    query = urllib.parse.urlencode({"customer": customer})
    with urllib.request.urlopen(f"{base_url}/orders?{query}", timeout=30) as response:
        return json.load(response)


def write_csv(path: str, orders: list[dict]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, fieldnames=["id", "total"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(orders)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base_url")
    parser.add_argument("customer")
    parser.add_argument("output")
    arguments = parser.parse_args()
    write_csv(arguments.output, fetch_orders(arguments.base_url, arguments.customer))


if __name__ == "__main__":
    main()
