// Streams of the API server, kept open: when one breaks it is opened again, with growing pauses.

/** How a stream stands, for the page to show. */
export type StreamState = "connecting" | "live" | "lost";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** The pause before the n-th attempt after a loss, in milliseconds. */
export function pauseBefore(attempt: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
}

/**
 * Opens a stream of server-sent events and calls `onResult` for each result. A `path` that is a function is asked for at
 * every (re)opening, so that it can read anew what the stream goes on from; when it fails, it is asked again later.
 * `onOpen` is called when the stream is open: from then on nothing is missed. Answers a function that closes it for good.
 */
export function openStream<T>(
  path: string | (() => Promise<string>),
  handlers: { onResult: (result: T) => void; onOpen?: () => void; onState?: (state: StreamState) => void },
): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let attempt = 0;
  let closed = false;

  const lost = () => {
    // The browser's own retry has no backoff, so it is not used.
    source?.close();
    if (closed) return;
    handlers.onState?.("lost");
    timer = window.setTimeout(open, pauseBefore(attempt));
    attempt += 1;
  };
  const open = async () => {
    handlers.onState?.(attempt === 0 ? "connecting" : "lost");
    let address: string;
    try {
      address = typeof path === "string" ? path : await path();
    } catch {
      lost();
      return;
    }
    if (closed) return;
    source = new EventSource(address);
    source.onopen = () => {
      attempt = 0;
      handlers.onState?.("live");
      handlers.onOpen?.();
    };
    source.onmessage = (event: MessageEvent<string>) => {
      const message = JSON.parse(event.data) as { result?: T };
      if (message.result) handlers.onResult(message.result);
    };
    source.onerror = lost;
  };

  void open();
  return () => {
    closed = true;
    window.clearTimeout(timer);
    source?.close();
  };
}
