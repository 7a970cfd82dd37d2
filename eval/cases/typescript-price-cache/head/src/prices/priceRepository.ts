import type { Database } from "../database";

export class PriceRepository {
  constructor(private readonly database: Database) {}

  /** Cents; undefined when the tenant does not sell the product. */
  async find(tenant: string, product: string): Promise<number | undefined> {
    const rows = await this.database.query<{ cents: number }>(
      "SELECT cents FROM prices WHERE tenant_id = $1 AND product = $2",
      [tenant, product],
    );
    return rows[0]?.cents;
  }

  async save(tenant: string, product: string, cents: number): Promise<void> {
    await this.database.query(
      "INSERT INTO prices (tenant_id, product, cents) VALUES ($1, $2, $3) " +
        "ON CONFLICT (tenant_id, product) DO UPDATE SET cents = excluded.cents",
      [tenant, product, cents],
    );
  }
}
