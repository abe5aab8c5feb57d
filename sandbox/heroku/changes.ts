/** Lets others wait for a condition instead of sleeping: every change of state is announced here. */
export class Changes {
  readonly #checks = new Set<() => void>()
  #closed = false

  announce(): void {
    for (const check of [...this.#checks]) check()
  }

  /** Resolves true as soon as the condition holds, false when the time is up or the simulator stops. */
  until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (met: boolean) => {
        clearTimeout(timer)
        this.#checks.delete(check)
        resolve(met)
      }
      const check = () => {
        if (condition()) finish(true)
        else if (this.#closed) finish(false)
      }
      const timer = setTimeout(() => finish(false), timeoutMs)
      this.#checks.add(check)
      check()
    })
  }

  close(): void {
    this.#closed = true
    this.announce()
  }
}
