import type { Database } from "./database";

export type State = "queued" | "running" | "done";

export interface Job {
  id: number;
  owner: string;
  state: State;
}

export class Jobs {
  constructor(private readonly database: Database) {}

  async list(owner: string): Promise<Job[]> {
    return this.database.query<Job>("SELECT id, owner, state FROM jobs WHERE owner = $1 ORDER BY id", [owner]);
  }
}
