export interface OrderSummary {
  id: string;
  total: number;
}

export class OrderClient {
  constructor(private readonly baseUrl: string) {}

  async find(id: string): Promise<OrderSummary | undefined> {
    const response = await fetch(`${this.baseUrl}/orders/${encodeURIComponent(id)}`);
    return response.ok ? ((await response.json()) as OrderSummary) : undefined;
  }
}
