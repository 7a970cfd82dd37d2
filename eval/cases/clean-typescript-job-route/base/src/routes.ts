import type { Jobs } from "./jobs";
import type { Handler } from "./router";

export function routes(jobs: Jobs): Map<string, Handler> {
  return new Map<string, Handler>([
    ["GET /jobs", async (_body, user) => ({ status: 200, body: await jobs.list(user) })],
  ]);
}
