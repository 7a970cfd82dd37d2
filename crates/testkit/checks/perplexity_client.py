"""Drives the stand-in of Perplexity with Perplexity's own client (`perplexityai` on PyPI).

Usage: perplexity_client.py PLACES, where PLACES is the line of JSON that `services-fake` prints (or a file that holds it). Exit status
0 when everything is as on the real service.
"""

import json
import os
import sys

import perplexity
from perplexity import Perplexity
from perplexity.types import SearchCreateResponse


def places():
    argument = sys.argv[1]
    if os.path.exists(argument):
        with open(argument, encoding="utf-8") as file:
            argument = file.read()
    return json.loads(argument)


def equal(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")
    print(f"ok: {what}")


def refused(what, kind, action):
    try:
        action()
    except kind as error:
        print(f"ok: {what}")
        return error.body
    return sys.exit(f"{what}: it was not refused")


def main():
    place = places()["perplexity"]
    client = Perplexity(api_key=place["key"], base_url=place["url"], max_retries=0)
    # Just what the agent sends.
    raw = client.search.with_raw_response.create(
        query="does the client follow redirects?", max_results=2, search_context_size="low"
    )
    search = raw.parse()
    equal("results", [result.url for result in search.results], ["https://docs.example.org/1", "https://docs.example.org/2"])
    equal("snippet", search.results[0].snippet, "They are not followed.")
    # The client itself takes everything; its types do not.
    SearchCreateResponse.model_validate_json(raw.text(), strict=True)
    print("ok: the answer is of the service's type")
    equal("one by one", len(client.search.create(query="anything").results), 3)
    other = Perplexity(api_key="wrong", base_url=place["url"], max_retries=0)
    body = refused("a wrong key", perplexity.AuthenticationError, lambda: other.search.create(query="anything"))
    equal("in words", body["error"]["message"], "Invalid API key provided.")
    refused("no question", perplexity.BadRequestError, lambda: client.search.create(query=""))
    refused("too many results", perplexity.BadRequestError, lambda: client.search.create(query="a", max_results=21))
    print("Perplexity's client is content")


main()
