"""Drives an Azure DevOps stand-in with Microsoft's own Python client (`azure-devops` on PyPI).

Usage: python_client.py PLACES, where PLACES is the line of JSON that `azure-devops-fake` prints (or a file that holds it).
The client caches locations below HOME: give it an empty one. Exit status 0 when everything is as on the real service.
"""

import json
import os
import sys

from azure.devops.connection import Connection
from azure.devops.exceptions import AzureDevOpsServiceError
from msrest.authentication import BasicAuthentication

# Members of the positional enumerations, which the service takes as numbers, too.
ACTIVE, FIXED = 1, 2


def places():
    argument = sys.argv[1]
    if os.path.exists(argument):
        with open(argument, encoding="utf-8") as file:
            argument = file.read()
    return json.loads(argument)


def equal(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found!r} instead of {expected!r}")
    print(f"ok: {what}")


def check(connection, place, version):
    clients = getattr(connection, f"clients_v{version.replace('.', '_')}")
    models = __import__(f"azure.devops.v{version.replace('.', '_')}.git.models", fromlist=["models"])
    git = clients.get_git_client()
    project, repository, pull_request = place["project"], place["repository"], place["pullRequest"]
    scope = {"repository_id": repository, "pull_request_id": pull_request, "project": project}

    location = clients.get_location_client()
    equal("connection data", location.get_connection_data().authenticated_user.id, place["botId"])

    found = git.get_repository(repository, project)
    equal("repository", (found.id, found.project.name), (place["repositoryId"], project))
    equal("repositories", [one.name for one in git.get_repositories(project)], [repository])
    equal("by id alone", git.get_pull_request_by_id(pull_request).pull_request_id, pull_request)
    whole = git.get_pull_request(repository, pull_request, project)
    equal("pull request", (whole.title, whole.status, whole.is_draft), ("Totals of orders", "active", False))
    criteria = models.GitPullRequestSearchCriteria(status="active", source_ref_name=whole.source_ref_name)
    listed = git.get_pull_requests(repository, criteria, project)
    equal("pull request list", [one.pull_request_id for one in listed], [pull_request])
    in_project = git.get_pull_requests_by_project(project, criteria)
    equal("project's list", [one.pull_request_id for one in in_project], [pull_request])

    iterations = git.get_pull_request_iterations(**scope)
    equal("iterations", [one.id for one in iterations], [1, 2])
    equal("source commit", whole.last_merge_source_commit.commit_id, iterations[-1].source_ref_commit.commit_id)
    changes = git.get_pull_request_iteration_changes(iteration_id=2, **scope)
    paths = [(one.additional_properties["item"]["path"], one.additional_properties["changeType"]) for one in changes.change_entries]
    equal("changes", paths, [("/src/Extra.cs", "add"), ("/src/Order.cs", "edit")])
    page = git.get_pull_request_iteration_changes(iteration_id=2, top=1, **scope)
    equal("page of changes", (len(page.change_entries), page.next_skip, changes.next_skip), (1, 1, None))
    since = git.get_pull_request_iteration_changes(iteration_id=2, compare_to=1, **scope)
    equal("changes since the first", len(since.change_entries), 1)
    tracking = changes.change_entries[1].change_tracking_id

    position = models.CommentPosition
    thread = models.GitPullRequestCommentThread(
        comments=[models.Comment(content="Divides by zero.", parent_comment_id=0, comment_type=1)],
        status=ACTIVE,
        thread_context=models.CommentThreadContext(
            file_path="/src/Order.cs",
            right_file_start=position(line=5, offset=1),
            right_file_end=position(line=5, offset=38),
        ),
        pull_request_thread_context=models.GitPullRequestCommentThreadContext(
            change_tracking_id=tracking,
            iteration_context=models.CommentIterationContext(first_comparing_iteration=2, second_comparing_iteration=2),
        ),
        properties={"check.fingerprint": {"$type": "System.String", "$value": f"python-{version}"}},
    )
    posted = git.create_thread(thread, **scope)
    equal("thread", (posted.status, posted.comments[0].id, posted.comments[0].author.id), ("active", 1, place["botId"]))
    equal("position", (posted.thread_context.right_file_end.line, posted.thread_context.right_file_end.offset), (5, 38))
    read = git.get_pull_request_thread(thread_id=posted.id, **scope)
    equal("property", read.properties["check.fingerprint"]["$value"], f"python-{version}")
    shown = git.get_pull_request_thread(thread_id=posted.id, iteration=1, base_iteration=0, **scope)
    equal("position at the first iteration", shown.thread_context.right_file_start.line, 5)

    answer = models.Comment(content="Really?", parent_comment_id=1, comment_type="text")
    reply = git.create_comment(answer, thread_id=posted.id, **scope)
    equal("reply", (reply.id, reply.parent_comment_id), (2, 1))
    edited = git.update_comment(models.Comment(content="Really."), thread_id=posted.id, comment_id=2, **scope)
    equal("edit", edited.content, "Really.")
    git.create_like(thread_id=posted.id, comment_id=1, **scope)
    equal("like", [one.id for one in git.get_likes(thread_id=posted.id, comment_id=1, **scope)], [place["botId"]])
    git.delete_comment(thread_id=posted.id, comment_id=2, **scope)
    after = git.get_comments(thread_id=posted.id, **scope)
    equal("deletion", [(one.is_deleted, one.content) for one in after], [(None, "Divides by zero."), (True, None)])
    fixed = git.update_thread(models.GitPullRequestCommentThread(status="fixed"), thread_id=posted.id, **scope)
    equal("thread status", fixed.status, "fixed")
    threads = git.get_threads(**scope)
    equal("threads", posted.id in [one.id for one in threads], True)
    equal("system threads", [one.status for one in threads if one.comments[0].comment_type == "system"], [None])

    context = models.GitStatusContext(genre="coderabbit", name="review")
    status = models.GitPullRequestStatus(state="pending", description="Reviewing", context=context)
    equal("status", git.create_pull_request_status(status, **scope).state, "pending")
    on_iteration = git.create_pull_request_iteration_status(status, iteration_id=2, **scope)
    equal("iteration status", on_iteration.iteration_id, 2)
    equal("statuses", {one.context.name for one in git.get_pull_request_statuses(**scope)}, {"review"})

    label = models.WebApiCreateTagRequestData(name="needs care")
    equal("label", git.create_pull_request_label(label, **scope).name, "needs care")
    equal("labels", [one.name for one in git.get_pull_request_labels(**scope)], ["needs care"])
    git.delete_pull_request_labels(label_id_or_name="needs care", **scope)
    refs = git.get_pull_request_work_item_refs(repository, pull_request, project)
    equal("work item refs", [one.id for one in refs], [str(place["workItem"])])
    items = clients.get_work_item_tracking_client().get_work_items([place["workItem"]], project)
    equal("work items", items[0].fields["System.Title"], "Totals of orders")

    vote = git.create_pull_request_reviewer(models.IdentityRefWithVote(vote=-5), reviewer_id=place["botId"], **scope)
    equal("vote", vote.vote, -5)
    update = models.GitPullRequest(description=f"By Python {version}.")
    equal("description", git.update_pull_request(update, repository, pull_request, project).description, f"By Python {version}.")
    text = b"".join(git.get_item_content(repository, "/src/Order.cs", project)).decode()
    equal("file", text.startswith("public class Order\n"), True)
    source = iterations[-1]
    bases = git.get_merge_bases(repository, source.source_ref_commit.commit_id, source.target_ref_commit.commit_id, project)
    equal("merge base", bases[0].commit_id, source.common_ref_commit.commit_id)

    head = git.get_refs(repository, project, filter=whole.source_ref_name.removeprefix("refs/"))[0].object_id
    branch = f"refs/heads/python/{version}"

    def push(name, old, kind, path, text):
        change = {"changeType": kind, "item": {"path": path}, "newContent": {"content": text, "contentType": "rawText"}}
        commit = models.GitCommitRef(comment="By Python", changes=[change])
        update = models.GitRefUpdate(name=name, old_object_id=old)
        return git.create_push(models.GitPush(ref_updates=[update], commits=[commit]), repository, project)

    made = push(branch, head, "add", "/docs/python.md", "Hello\n")
    equal("push", (made.ref_updates[0].name, len(made.commits)), (branch, 1))
    equal("parent", git.get_commit(made.commits[0].commit_id, repository, project).parents, [head])
    try:
        push(branch, head, "edit", "/docs/python.md", "Late\n")
        sys.exit("a push to a branch that has moved on was taken")
    except AzureDevOpsServiceError as error:
        equal("late push", error.type_key, "GitReferenceStaleException")
    wanted = models.GitPullRequest(title="By Python", source_ref_name=branch, target_ref_name=whole.source_ref_name)
    opened = git.create_pull_request(wanted, repository, project)
    equal("new pull request", (opened.title, opened.status, opened.target_ref_name), ("By Python", "active", whole.source_ref_name))
    try:
        git.create_pull_request(wanted, repository, project)
        sys.exit("a second pull request of the same branches was opened")
    except AzureDevOpsServiceError as error:
        equal("second pull request", error.type_key, "GitPullRequestExistsException")
    git.update_pull_request(models.GitPullRequest(status="abandoned"), repository, opened.pull_request_id, project)
    try:
        git.get_pull_request(repository, 999_999, project)
        sys.exit("a pull request that does not exist was found")
    except AzureDevOpsServiceError as error:
        equal("missing pull request", error.type_key, "GitPullRequestNotFoundException")


def main():
    place = places()
    connection = Connection(base_url=place["collectionUrl"], creds=BasicAuthentication("", place["token"]))
    check(connection, place, sys.argv[2] if len(sys.argv) > 2 else "7.1")
    print("the Python client is content")


main()
