import { HttpError } from "./router";

/** Commands that may be queued, each with the longest argument that it takes. */
const COMMANDS: ReadonlyMap<string, number> = new Map([
  ["resize", 16],
  ["publish", 200],
]);

/** Reads `{"command": "resize", "argument": "800x600"}` as it comes from outside. */
export function parseCommand(body: string): string {
  const request: unknown = JSON.parse(body);
  if (typeof request !== "object" || request === null) {
    throw new HttpError(400, "the body is no object");
  }
  const { command, argument } = request as { command?: unknown; argument?: unknown };
  if (typeof command !== "string" || !COMMANDS.has(command)) {
    throw new HttpError(400, "unknown command");
  }
  if (typeof argument !== "string" || argument.length > COMMANDS.get(command)!) {
    throw new HttpError(400, `the argument of ${command} is missing or too long`);
  }
  return `${command} ${JSON.stringify(argument)}`;
}

/** Reads `{"id": 7}`. */
export function parseId(body: string): number {
  const request: unknown = JSON.parse(body);
  const id = typeof request === "object" && request !== null ? (request as { id?: unknown }).id : undefined;
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 1) {
    throw new HttpError(400, "the id is missing or no number");
  }
  return id;
}
