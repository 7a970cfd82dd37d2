"""Orders."""

from dataclasses import dataclass
from typing import Optional


@dataclass
class Order:
    number: str
    total_cents: int
    card_token: str
    charge_id: Optional[str] = None
    refunded_cents: int = 0

    @property
    def is_paid(self):
        return self.charge_id is not None
