"""Requests and answers, without a framework."""


class BadRequest(Exception):
    """Answered with status 400 and this text."""


def answer(handler, parameters):
    """Calls a handler with the parameters of the query string; status and body."""
    try:
        return 200, handler(parameters)
    except BadRequest as error:
        return 400, {"error": str(error)}
