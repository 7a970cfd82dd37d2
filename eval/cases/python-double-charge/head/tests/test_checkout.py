from shop.checkout import Checkout
from shop.orders import Order


class FakeGateway:
    def __init__(self):
        self.charges = []
        self.refunds = []

    def charge(self, cents, card_token, key=None):
        self.charges.append(cents)
        return f"ch_{len(self.charges)}"

    def refund(self, charge_id, cents):
        self.refunds.append(cents)
        return f"re_{len(self.refunds)}"


class FakeLedger:
    def __init__(self):
        self.booked = []

    def record(self, account, cents, reference):
        self.booked.append((account, cents, reference))


def test_an_order_is_charged_and_booked_once():
    gateway, ledger = FakeGateway(), FakeLedger()
    order = Order(number="A-1", total_cents=1200, card_token="tok")
    checkout = Checkout(gateway, ledger)
    checkout.pay(order)
    checkout.pay(order)
    assert gateway.charges == [1200]
    assert ledger.booked == [("sales", 1200, "A-1")]


def test_a_part_of_the_price_is_given_back():
    gateway = FakeGateway()
    order = Order(number="A-1", total_cents=1200, card_token="tok", charge_id="ch_1")
    Checkout(gateway, FakeLedger()).refund(order, 200)
    assert gateway.refunds == [200]
    assert order.refunded_cents == 200
