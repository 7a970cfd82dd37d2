import type { PriceRepository } from "./priceRepository";

export interface Line {
  product: string;
  quantity: number;
}

export class UnknownProduct extends Error {
  constructor(readonly product: string) {
    super(`no price for ${product}`);
  }
}

/** What things cost one tenant. Made anew for each request, with the tenant of its token. */
export class PriceService {
  constructor(
    private readonly tenant: string,
    private readonly repository: PriceRepository,
  ) {}

  async price(product: string): Promise<number> {
    const cents = await this.repository.find(this.tenant, product);
    if (cents === undefined) {
      throw new UnknownProduct(product);
    }
    return cents;
  }

  async total(lines: readonly Line[]): Promise<number> {
    let total = 0;
    for (const line of lines) {
      total += (await this.price(line.product)) * line.quantity;
    }
    return total;
  }
}
