/** Waits for a fact where no test runs, as in hooks, in which `expect.poll` may not be used. */
export async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}
