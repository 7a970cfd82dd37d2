import { RequestQueue } from "./requestQueue.js";

export interface OrderSummary {
  id: string;
  total: number;
}

export class OrderClient {
  private readonly queue = new RequestQueue();

  constructor(private readonly baseUrl: string) {}

  async find(id: string): Promise<OrderSummary | undefined> {
    const response = await fetch(`${this.baseUrl}/orders/${encodeURIComponent(id)}`);
    return response.ok ? ((await response.json()) as OrderSummary) : undefined;
  }

  /** Sends what was queued, then closes the client. */
  async close(): Promise<void> {
    this.queue.flush(this.baseUrl);
    this.queue.close();
  }
}
