import type { Database } from "../database";
import { importPrices } from "../prices/priceImport";
import { PriceCache } from "../prices/priceCache";
import { PriceRepository } from "../prices/priceRepository";
import { type Line, PriceService } from "../prices/priceService";

export interface Request {
  /** From the token, checked before it gets here. */
  tenant: string;
  body: unknown;
}

/** The routes of the shop; one for the life of the process. */
export class App {
  private readonly prices: PriceRepository;
  private readonly cache = new PriceCache();

  constructor(database: Database) {
    this.prices = new PriceRepository(database);
  }

  async quote(request: Request): Promise<{ cents: number }> {
    const service = new PriceService(request.tenant, this.prices, this.cache);
    return { cents: await service.total(request.body as Line[]) };
  }

  async uploadPrices(request: Request): Promise<void> {
    const list = new Map(Object.entries(request.body as Record<string, number>));
    await importPrices(this.prices, request.tenant, list);
  }
}
