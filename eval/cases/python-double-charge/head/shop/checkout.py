"""Paying for an order, and giving money back."""

from shop.retry import retry


class RefundTooLarge(Exception):
    """More than was paid."""


class Checkout:
    def __init__(self, gateway, ledger):
        self._gateway = gateway
        self._ledger = ledger

    @retry(times=3)
    def pay(self, order):
        """Charges the card and books the sale. Does nothing for an order that is paid."""
        if order.is_paid:
            return
        charge_id = self._gateway.charge(order.total_cents, order.card_token)
        self._ledger.record("sales", order.total_cents, reference=order.number)
        order.charge_id = charge_id

    def refund(self, order, cents):
        """Gives a part of the price back, or all of it; also in several steps."""
        if not order.is_paid:
            raise ValueError(f"order {order.number} is not paid")
        if cents <= 0:
            raise ValueError(f"{cents} cents are no refund")
        if cents > order.total_cents:
            raise RefundTooLarge(f"{cents} of {order.total_cents} cents")
        self._gateway.refund(order.charge_id, cents)
        order.refunded_cents += cents
