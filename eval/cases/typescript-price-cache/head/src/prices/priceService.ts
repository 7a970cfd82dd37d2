import type { PriceCache } from "./priceCache";
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
    private readonly cache: PriceCache,
  ) {}

  async price(product: string): Promise<number> {
    const cents = await this.cache.get(product, () => this.repository.find(this.tenant, product));
    if (cents === undefined) {
      throw new UnknownProduct(product);
    }
    return cents;
  }

  async total(lines: readonly Line[]): Promise<number> {
    const prices = await Promise.all(lines.map((line) => this.price(line.product)));
    return lines.reduce((total, line, index) => total + prices[index]! * line.quantity, 0);
  }
}
