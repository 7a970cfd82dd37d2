/** Keeps what was looked up, the newest entries of them. */
export class PriceCache {
  private readonly entries = new Map<string, Promise<number | undefined>>();

  constructor(private readonly limit = 10_000) {}

  /** What is kept under the key, or what `load` gives. Two callers at a time share one look-up. */
  get(key: string, load: () => Promise<number | undefined>): Promise<number | undefined> {
    const kept = this.entries.get(key);
    if (kept !== undefined) {
      return kept;
    }
    const loading = load();
    this.entries.set(key, loading);
    // A look-up that failed is tried again the next time.
    loading.catch(() => this.entries.delete(key));
    if (this.entries.size > this.limit) {
      const [oldest] = this.entries.keys();
      if (oldest !== undefined) {
        this.entries.delete(oldest);
      }
    }
    return loading;
  }
}
