// Asks whether what the agent sends to Linear, and what the stand-in of Linear answers, is Linear's: by the types and the error classes
// of Linear's own client (`@linear/sdk` on npm), which are generated from the schema of the real service.
//
// Usage: linear_client.mjs PLACES DOCUMENTS, where PLACES is the line of JSON that `services-fake` prints (or a file that holds it), and
// DOCUMENTS is the folder of the agent's GraphQL documents. NODE_CLIENT names the folder of `node_modules` that holds the client. Exit
// status 0 when everything is as on the real service.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const modules = resolve(process.env.NODE_CLIENT ?? process.cwd(), "node_modules");
const sdk = await import(pathToFileURL(resolve(modules, "@linear/sdk/dist/index.mjs")));
const { parse } = await import(pathToFileURL(resolve(modules, "graphql/index.mjs")));

const [argument, folder] = process.argv.slice(2);
const place = JSON.parse(existsSync(argument) ? readFileSync(argument, "utf8") : argument);

function ok(what) {
  console.log(`ok: ${what}`);
}

function equal(what, found, expected) {
  assert.deepEqual(found, expected, what);
  ok(what);
}

// The types of the schema: `type Issue = Node & { identifier: Scalars["String"]; … }`.
const declarations = ["index.d.mts", ...readdirSync(resolve(modules, "@linear/sdk/dist")).filter((name) => name.endsWith(".d.mts"))]
  .map((name) => readFileSync(resolve(modules, "@linear/sdk/dist", name), "utf8"))
  .join("\n");

function typeOf(name) {
  const begin = new RegExp(`^(?:export )?type ${name} = (?:[A-Za-z]+ & )*\\{$`, "m").exec(declarations);
  assert.ok(begin, `the schema has no type ${name}`);
  const body = declarations.slice(begin.index + begin[0].length);
  return body.slice(0, body.search(/^\};?$/m));
}

// The type of a field, without what wraps it, and whether it may be null.
function fieldOf(name, field) {
  const found = new RegExp(`^ +${field}(\\??): (.+?);$`, "m").exec(typeOf(name));
  assert.ok(found, `the schema's ${name} has no field ${field}`);
  const inner = found[2].replace(/Maybe<(.+)>/, "$1").replace(/\["output"\]/, "");
  return { type: inner, optional: found[1] === "?" || found[2].startsWith("Maybe") };
}

function checkSelection(typeName, selection, data) {
  for (const field of selection.selections) {
    assert.equal(field.kind, "Field", "only fields are asked for");
    const name = field.name.value;
    const { type, optional } = fieldOf(typeName, name);
    const value = data?.[(field.alias ?? field.name).value];
    assert.ok(optional || value !== null, `${typeName}.${name} may not be null`);
    if (type.startsWith("Scalars")) {
      assert.equal(field.selectionSet, undefined, `${typeName}.${name} has no fields`);
      assert.ok(value === null || type.includes('"String"') === (typeof value === "string"), `${typeName}.${name}: ${type}`);
    } else {
      assert.ok(field.selectionSet, `${typeName}.${name} needs a selection`);
      checkSelection(type, field.selectionSet, value);
    }
  }
  ok(`${typeName}: ${selection.selections.map((field) => field.name.value).join(", ")}`);
}

const client = new sdk.LinearClient({ apiKey: place.linear.key, apiUrl: place.linear.url });
const documents = readdirSync(folder).filter((name) => name.endsWith(".graphql"));
assert.ok(documents.length >= 2, "the agent's documents");
for (const name of documents) {
  const document = readFileSync(resolve(folder, name), "utf8");
  const [operation] = parse(document).definitions;
  assert.equal(operation.operation, "query", `${name} reads`);
  for (const key of name === "issue.graphql" ? ["CR-5", "CR-6"] : [undefined]) {
    const answer = await client.client.rawRequest(document, { id: key });
    checkSelection("Query", operation.selectionSet, answer.data);
    if (key) equal(`${key} of ${name}`, answer.data.issue.identifier, key);
  }
}
// `issue(id:)` takes one required text.
assert.match(typeOf("QueryIssueArgs"), /id: Scalars\["String"\]/);
ok("issue(id: String!)");

async function failure(place, document, variables) {
  const other = new sdk.LinearClient({ apiKey: place.key, apiUrl: place.url });
  try {
    await other.client.rawRequest(document, variables);
  } catch (error) {
    return sdk.parseLinearError ? sdk.parseLinearError(error) : error;
  }
  throw new Error("it was not refused");
}

const issue = readFileSync(resolve(folder, "issue.graphql"), "utf8");
for (const [what, where, document, id, type] of [
  ["an issue that is not there", place.linear, issue, "CR-99", "InvalidInput"],
  ["an issue that is hidden", place.linear, issue, "CR-7", "InvalidInput"],
  ["a wrong key", { ...place.linear, key: "lin_api_wrong" }, issue, "CR-5", "AuthenticationError"],
  ["too many requests", place.linearThrottled, issue, "CR-5", "Ratelimited"],
  ["a field that is none", place.linear, issue.replace("title", "summary"), "CR-5", "GraphqlError"],
]) {
  equal(what, (await failure(where, document, { id })).type, type);
}
console.log("Linear's client is content");
