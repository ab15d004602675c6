// The time, for texts such as "5s ago".
import { type Accessor, createSignal, onCleanup } from "solid-js";

/** The current time in milliseconds, renewed each second for as long as the calling component lives. */
export function currentTime(): Accessor<number> {
  const [now, setNow] = createSignal(Date.now());
  const timer = window.setInterval(() => setNow(Date.now()), 1000);
  onCleanup(() => window.clearInterval(timer));
  return now;
}
