import { TestBed } from '@angular/core/testing';

/** Waits until the page shows what is expected, and fails with the last error when it does not within two seconds. */
export async function settled(expectation: () => void): Promise<void> {
  const endMs = performance.now() + 2_000;
  for (;;) {
    TestBed.tick();
    try {
      expectation();
      return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
