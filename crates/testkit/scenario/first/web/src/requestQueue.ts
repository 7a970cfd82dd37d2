interface QueuedRequest {
  path: string;
  body: string;
}

/** Requests that are sent together. */
export class RequestQueue {
  private waiting: QueuedRequest[] = [];
  private closed = false;

  add(request: QueuedRequest): void {
    if (this.closed) {
      throw new Error("the queue is closed");
    }
    this.waiting.push(request);
  }

  /** Resolves when every request was answered; rejects with the first failure. */
  async flush(baseUrl: string): Promise<void> {
    const batch = this.waiting.splice(0);
    await Promise.all(
      batch.map((request) => fetch(`${baseUrl}${request.path}`, { method: "POST", body: request.body })),
    );
  }

  /** Drops what waits, and takes nothing more. */
  close(): void {
    this.closed = true;
    this.waiting = [];
  }
}
