"""Drives the stand-in of Jira with the client that most of Python uses (`jira` on PyPI).

Usage: jira_client.py PLACES, where PLACES is the line of JSON that `services-fake` prints (or a file that holds it). Exit status 0
when everything is as on the real service.
"""

import json
import os
import sys

from jira import JIRA
from jira.exceptions import JIRAError


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


def refused(what, status, action):
    try:
        action()
    except JIRAError as error:
        equal(what, error.status_code, status)
        return error.text
    return sys.exit(f"{what}: it was not refused")


def client(place, token=None, **more):
    token = token or place["token"]
    user, _, word = token.partition(":")
    how = {"basic_auth": (user, word)} if word else {"token_auth": token}
    return JIRA(server=place["url"], max_retries=0, **how, **more)


def check(name, place, deployment):
    jira = client(place)
    equal(f"{name}: deployment", jira.deploymentType, deployment)
    equal(f"{name}: myself", jira.myself()["displayName"], "CodeRabbit of Contoso")
    issue = jira.issue("CR-5", fields="summary,description,status")
    equal(f"{name}: issue", (issue.key, issue.fields.summary), ("CR-5", "Orders cannot be searched"))
    equal(f"{name}: description is a text", issue.fields.description, "As a clerk I want to find orders by name.")
    equal(f"{name}: status", issue.fields.status.name, "To Do")
    equal(f"{name}: only the fields that were asked for", sorted(issue.raw["fields"]), ["description", "status", "summary"])
    equal(f"{name}: no description", jira.issue("CR-6", fields="description").fields.description, None)
    words = "Issue does not exist or you do not have permission to see it."
    for key in ["CR-7", "UTF-8"]:
        equal(f"{name}: {key} in words", refused(f"{name}: {key}", 404, lambda key=key: jira.issue(key)), words)
    wrong = "nobody@contoso.example:wrong" if ":" in place["token"] else "wrong"
    refused(f"{name}: a wrong token", 401, lambda: client(place, wrong).myself())
    # Cloud answers as to somebody who is not logged in.
    refused(f"{name}: an issue with a wrong token", 404 if ":" in wrong else 401, lambda: client(place, wrong).issue("CR-5"))


def main():
    place = places()
    check("Cloud", place["jiraCloud"], "Cloud")
    check("Data Center", place["jiraDataCenter"], "Server")


main()
