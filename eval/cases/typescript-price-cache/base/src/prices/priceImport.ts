import type { PriceRepository } from "./priceRepository";

/** Takes a tenant's price list over, while the shop is open. */
export async function importPrices(
  repository: PriceRepository,
  tenant: string,
  list: ReadonlyMap<string, number>,
): Promise<void> {
  for (const [product, cents] of list) {
    await repository.save(tenant, product, cents);
  }
}
