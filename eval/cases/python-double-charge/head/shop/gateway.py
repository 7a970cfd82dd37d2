"""The payment provider."""


class GatewayError(Exception):
    """The provider refused, or could not be reached."""


class Gateway:
    def __init__(self, session):
        self._session = session

    def charge(self, cents, card_token, key=None):
        """Takes the money and returns the id of the charge.

        The provider answers a second call with the same `key` with the first charge. Without a key every call is a charge of
        its own.
        """
        answer = self._session.post("/charges", {"cents": cents, "card": card_token, "key": key})
        if "id" not in answer:
            raise GatewayError(answer.get("error", "no answer"))
        return answer["id"]

    def refund(self, charge_id, cents):
        """Gives money back. The provider checks a refund against nothing: keeping to what was paid is up to the caller."""
        answer = self._session.post("/refunds", {"charge": charge_id, "cents": cents})
        if "id" not in answer:
            raise GatewayError(answer.get("error", "no answer"))
        return answer["id"]
