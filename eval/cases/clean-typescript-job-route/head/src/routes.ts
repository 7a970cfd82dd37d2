import { parseCommand, parseId } from "./commands";
import type { Jobs } from "./jobs";
import { type Handler, HttpError } from "./router";

export function routes(jobs: Jobs): Map<string, Handler> {
  return new Map<string, Handler>([
    ["GET /jobs", async (_body, user) => ({ status: 200, body: await jobs.list(user) })],
    ["POST /jobs", async (body, user) => ({ status: 201, body: await jobs.add(user, parseCommand(body)) })],
    [
      "DELETE /jobs",
      async (body, user) => {
        if (!(await jobs.cancel(user, parseId(body)))) {
          throw new HttpError(404, "no such job in the queue");
        }
        return { status: 204, body: null };
      },
    ],
  ]);
}
