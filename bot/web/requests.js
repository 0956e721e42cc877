/*
 * Talking to the chat API: one request with a time limit, the two ways it can fail, and the
 * patient repetition that carries a message over a lost connection. Knows nothing of the page.
 */

const API = "/api/chat";
const TIMEOUT = 20000; // ms before an unanswered request counts as a lost connection
const LONGEST_PAUSE = 15000; // ms between two attempts

/** Nothing reached us: worth trying again, unchanged. */
export class LostConnection extends Error {}

/** The server's own no, with a message for the person. `retryAfter` is in seconds. */
export class Refusal extends Error {
  constructor(response, message) {
    super(message || "刚才没有发送成功，请再试一次。");
    this.status = response.status;
    this.retryAfter = Number(response.headers.get("Retry-After")) || 5;
  }
}

/** Posts the body, or gets the path when there is none. Throws LostConnection or Refusal. */
export async function request(path, body) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT);
  const options = { credentials: "same-origin", cache: "no-store", signal: abort.signal };
  if (body) {
    const headers = { "Content-Type": "application/json" };
    Object.assign(options, { method: "POST", body: JSON.stringify(body), headers });
  }
  try {
    const response = await fetch(API + path, options);
    const data = await response.json().catch(() => null);
    if (response.ok && data) return data;
    // No JSON: not our server speaking but a proxy, or the login page of a public wifi.
    if (!data?.error && (response.ok || response.status >= 500)) throw new LostConnection();
    throw new Refusal(response, data?.error?.message);
  } catch (failure) {
    throw failure instanceof Refusal ? failure : new LostConnection();
  } finally {
    clearTimeout(timer);
  }
}

/** Does the action again, with growing pauses, until the connection carries it. */
export async function persist(action, onLost, onBack) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const result = await action();
      onBack();
      return result;
    } catch (failure) {
      if (!(failure instanceof LostConnection)) {
        onBack();
        throw failure;
      }
      onLost();
      const length = Math.min(LONGEST_PAUSE, 1000 * 2 ** attempt);
      await pause(length * (0.75 + Math.random() / 2)); // spread, so that not all come back at once
    }
  }
}

/** Waits, but not longer than until the device is online again. */
export function pause(milliseconds) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    window.addEventListener("online", done);
  });
}

/** Listens for pushed messages; `onGivenUp` when the browser will not try again by itself. */
export function listen({ onMessage, onOpen, onLost, onGivenUp }) {
  const stream = new EventSource(`${API}/events`);
  stream.onmessage = (event) => onMessage(JSON.parse(event.data));
  stream.onopen = onOpen;
  stream.onerror = () => {
    onLost();
    if (stream.readyState === EventSource.CLOSED) onGivenUp();
  };
  return stream;
}

/** An id no two messages share; those of one hour begin alike, which spares the server's index. (randomUUID is missing
 * on plain-http addresses of a local network.) */
export function uniqueId() {
  const bytes = [...crypto.getRandomValues(new Uint8Array(10))];
  const time = Date.now().toString(16).padStart(12, "0");
  return time + bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
