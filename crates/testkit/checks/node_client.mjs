// Drives an Azure DevOps stand-in with Microsoft's own client for Node (`azure-devops-node-api` on npm).
//
// Usage: node_client.mjs PLACES, where PLACES is the line of JSON that `azure-devops-fake` prints (or a file that holds it).
// NODE_CLIENT may name the folder of `node_modules` that holds the client. Exit status 0 when everything is as on the real
// service.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const require = createRequire(resolve(process.env.NODE_CLIENT ?? process.cwd(), "node_modules", "x.js"));
const azdev = require("azure-devops-node-api");

const argument = process.argv[2];
const place = JSON.parse(existsSync(argument) ? readFileSync(argument, "utf8") : argument);
const { project, repository, pullRequest } = place;

function equal(what, found, expected) {
  assert.deepEqual(found, expected, what);
  console.log(`ok: ${what}`);
}

const connection = new azdev.WebApi(place.collectionUrl, azdev.getPersonalAccessTokenHandler(place.token));
const data = await connection.connect();
equal("connection data", data.authenticatedUser.id, place.botId);

const git = await connection.getGitApi();
const found = await git.getRepository(repository, project);
equal("repository", [found.id, found.project.name], [place.repositoryId, project]);
const whole = await git.getPullRequest(repository, pullRequest, project);
// Enumerations come as numbers: active is 1.
equal("pull request", [whole.title, whole.status, whole.isDraft], ["Totals of orders", 1, false]);
equal("by id alone", (await git.getPullRequestById(pullRequest)).pullRequestId, pullRequest);
const listed = await git.getPullRequests(repository, { status: 1 }, project);
equal("pull request list", listed.map((one) => one.pullRequestId), [pullRequest]);

const iterations = await git.getPullRequestIterations(repository, pullRequest, project);
equal("iterations", iterations.map((one) => one.id), [1, 2]);
const changes = await git.getPullRequestIterationChanges(repository, pullRequest, 2, project);
equal("changes", changes.changeEntries.map((one) => one.item.path), ["/src/Extra.cs", "/src/Order.cs"]);
const page = await git.getPullRequestIterationChanges(repository, pullRequest, 2, project, 1);
equal("page of changes", [page.nextSkip, changes.nextSkip], [1, undefined]);

const posted = await git.createThread(
  {
    comments: [{ content: "Divides by zero.", parentCommentId: 0, commentType: 1 }],
    status: 1,
    threadContext: {
      filePath: "/src/Order.cs",
      rightFileStart: { line: 5, offset: 1 },
      rightFileEnd: { line: 5, offset: 38 },
    },
    pullRequestThreadContext: {
      changeTrackingId: changes.changeEntries[1].changeTrackingId,
      iterationContext: { firstComparingIteration: 2, secondComparingIteration: 2 },
    },
    properties: { "check.fingerprint": "node" },
  },
  repository,
  pullRequest,
  project,
);
equal("thread", [posted.status, posted.comments[0].id, posted.comments[0].author.id], [1, 1, place.botId]);
const read = await git.getPullRequestThread(repository, pullRequest, posted.id, project);
equal("property", read.properties["check.fingerprint"].$value, "node");
equal("position", read.threadContext.rightFileEnd, { line: 5, offset: 38 });
const reply = await git.createComment({ content: "Really?", parentCommentId: 1, commentType: 1 }, repository, pullRequest, posted.id, project);
equal("reply", [reply.id, reply.parentCommentId], [2, 1]);
const edited = await git.updateComment({ content: "Really." }, repository, pullRequest, posted.id, 2, project);
equal("edit", edited.content, "Really.");
await git.createLike(repository, pullRequest, posted.id, 1, project);
equal("like", (await git.getLikes(repository, pullRequest, posted.id, 1, project)).length, 1);
await git.deleteComment(repository, pullRequest, posted.id, 2, project);
const after = await git.getComments(repository, pullRequest, posted.id, project);
equal("deletion", after.map((one) => [one.isDeleted, one.content]), [[undefined, "Divides by zero."], [true, undefined]]);
equal("thread status", (await git.updateThread({ status: 2 }, repository, pullRequest, posted.id, project)).status, 2);
const threads = await git.getThreads(repository, pullRequest, project);
const system = threads.filter((one) => one.comments[0].commentType === 3);
equal("system threads", system.map((one) => one.status), system.map(() => undefined));

const context = { genre: "coderabbit", name: "review" };
// pending is 1, succeeded is 2.
const status = await git.createPullRequestStatus({ state: 1, description: "Reviewing", context }, repository, pullRequest, project);
equal("status", status.state, 1);
const later = await git.createPullRequestIterationStatus({ state: 2, context }, repository, pullRequest, 2, project);
equal("iteration status", [later.state, later.iterationId], [2, 2]);
equal("label", (await git.createPullRequestLabel({ name: "node" }, repository, pullRequest, project)).name, "node");
equal("labels", (await git.getPullRequestLabels(repository, pullRequest, project)).map((one) => one.name), ["node"]);
await git.deletePullRequestLabels(repository, pullRequest, "node", project);
const refs = await git.getPullRequestWorkItemRefs(repository, pullRequest, project);
equal("work item refs", refs.map((one) => one.id), [String(place.workItem)]);
const tracking = await connection.getWorkItemTrackingApi();
const items = await tracking.getWorkItems([place.workItem]);
equal("work items", items[0].fields["System.Title"], "Totals of orders");
const vote = await git.createPullRequestReviewer({ vote: -5 }, repository, pullRequest, place.botId, project);
equal("vote", vote.vote, -5);
const updated = await git.updatePullRequest({ description: "By Node." }, repository, pullRequest, project);
equal("description", updated.description, "By Node.");
// add is 1, base64Encoded is 1.
const sourceRef = whole.sourceRefName;
const head = (await git.getRefs(repository, project, sourceRef.replace("refs/", "")))[0].objectId;
const newContent = { content: Buffer.from("Hello\n").toString("base64"), contentType: 1 };
const commit = { comment: "By Node", changes: [{ changeType: 1, item: { path: "/docs/node.md" }, newContent }] };
const refUpdates = [{ name: "refs/heads/node/docs", oldObjectId: head }];
const push = await git.createPush({ refUpdates, commits: [commit] }, repository, project);
equal("push", [push.refUpdates[0].name, push.commits.length], ["refs/heads/node/docs", 1]);
const wanted = { title: "By Node", sourceRefName: "refs/heads/node/docs", targetRefName: sourceRef };
equal("new pull request", (await git.createPullRequest(wanted, repository, project)).status, 1);
equal("missing pull request", await git.getPullRequest(repository, 999999, project), null);
const core = await connection.getCoreApi();
equal("projects", (await core.getProjects()).map((one) => one.name), [project]);
const build = await connection.getBuildApi();
equal("builds", (await build.getBuilds(project)).length, 0);
console.log("the Node client is content");
