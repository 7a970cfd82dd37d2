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

  /** Puts a job into the queue. */
  async add(owner: string, command: string): Promise<Job> {
    const rows = await this.database.query<Job>(
      "INSERT INTO jobs (owner, command, state) VALUES ($1, $2, 'queued') RETURNING id, owner, state",
      [owner, command],
    );
    return rows[0]!;
  }

  /** Takes a job that is not running out of the queue; whether it was there, and the owner's. */
  async cancel(owner: string, id: number): Promise<boolean> {
    const rows = await this.database.query<{ id: number }>(
      "DELETE FROM jobs WHERE id = $1 AND owner = $2 AND state = 'queued' RETURNING id",
      [id, owner],
    );
    return rows.length > 0;
  }
}
