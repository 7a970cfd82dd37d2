"""Paying for an order."""


class Checkout:
    def __init__(self, gateway, ledger):
        self._gateway = gateway
        self._ledger = ledger

    def pay(self, order):
        """Charges the card. Does nothing for an order that is paid."""
        if order.is_paid:
            return
        order.charge_id = self._gateway.charge(order.total_cents, order.card_token, key=order.number)
