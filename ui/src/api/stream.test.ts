// Streams that break and are opened again.
import { afterEach, expect, test, vi } from "vitest";
import { openStream, pauseBefore, type StreamState } from "./stream";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("pauses double and are capped", () => {
  expect([0, 1, 2, 10].map(pauseBefore)).toEqual([500, 1000, 2000, 15_000]);
});

test("what the stream goes on from is read before every opening, also after a failure", async () => {
  vi.useFakeTimers();
  const opened: FakeSource[] = [];
  class FakeSource {
    onopen = () => {};
    onerror = () => {};
    readonly address: string;
    constructor(address: string) {
      this.address = address;
      opened.push(this);
    }
    close() {}
  }
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("window", globalThis);
  const states: StreamState[] = [];
  let asked = 0;
  const path = async () => {
    asked += 1;
    if (asked === 1) throw new Error("the server is not there yet");
    return `/from/${asked}`;
  };
  const close = openStream(path, { onResult: () => {}, onState: (state) => states.push(state) });

  await vi.advanceTimersByTimeAsync(pauseBefore(0));
  expect(opened.map((source) => source.address)).toEqual(["/from/2"]);
  opened[0]?.onopen();
  opened[0]?.onerror();
  await vi.advanceTimersByTimeAsync(pauseBefore(0));
  expect(opened.map((source) => source.address)).toEqual(["/from/2", "/from/3"]);
  expect(states).toEqual(["connecting", "lost", "lost", "live", "lost", "lost"]);

  close();
  opened[1]?.onerror();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(opened.length).toBe(2);
});
