"""The books, kept by another service."""

from shop.retry import retry


class LedgerUnavailable(Exception):
    """The service is away; it restarts every night, and whenever it is deployed."""


class Ledger:
    def __init__(self, client):
        self._client = client

    @retry(times=3)
    def balance(self, account):
        return self._client.get(account)

    def record(self, account, cents, reference):
        """Books an amount. Booking the same reference again changes nothing."""
        self._client.put(account, cents, reference)
