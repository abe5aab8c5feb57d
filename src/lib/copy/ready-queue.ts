import {type Bounds, firstWithin} from '../flow/batches.js'

/** Work that becomes ready while other work is done; the largest goes first, because what it holds up ends last. */
export class ReadyQueue<T extends {bytes: number}> {
  private readonly ready: T[] = []
  private waiting: (() => void)[] = []
  private closed = false

  add(...work: T[]): void {
    this.ready.push(...work)
    this.ready.sort((a, b) => b.bytes - a.bytes)
    this.wake()
  }

  /** How many wait for work. */
  idle(): number {
    return this.waiting.length
  }

  /** Nothing more will come. */
  close(): void {
    this.closed = true
    this.wake()
  }

  /** Waits for work, and takes as much as goes together; none once it is closed and empty. */
  async take(bounds: Bounds): Promise<T[]> {
    for (;;) {
      if (this.ready.length > 0 || this.closed) return this.ready.splice(0, firstWithin(this.ready, bounds))
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  private wake(): void {
    const waiting = this.waiting
    this.waiting = []
    for (const resolve of waiting) resolve()
  }
}
