// The events of the server, for ever: opened again by itself, and said to be stale when nothing comes.
import { Refused, refresh } from "./api.js";

const SILENCE_MS = 12000;  // the server sends a line every four seconds
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10000;

/** Follow the events until `stop()` of the result. `onState` gets "live" or "stale"; `onRefused`, that nobody is signed in. */
export function follow({ onEvent, onState, onRefused }) {
  let stopped = false;
  let lastId = "";
  let pause = FIRST_PAUSE_MS;
  let controller = null;

  const run = async () => {
    while (!stopped) {
      try {
        await readOnce();
      } catch (refused) {
        if (refused.status === 401 && !(await refresh())) {
          if (!stopped) onRefused();
          return;
        }
      }
      if (stopped) return;
      onState("stale");
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  };

  const readOnce = async () => {
    controller = new AbortController();
    let silence = setTimeout(() => controller.abort(), SILENCE_MS);
    try {
      const headers = { Accept: "text/event-stream", ...(lastId ? { "Last-Event-ID": lastId } : {}) };
      const answer = await fetch("/events", { headers, signal: controller.signal, cache: "no-store" });
      if (!answer.ok) throw new Refused(answer.status);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let buffer = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(() => controller.abort(), SILENCE_MS);
        pause = FIRST_PAUSE_MS;
        onState("live");
        const blocks = (buffer + value).split("\n\n");
        buffer = blocks.pop();
        for (const block of blocks) take(block);
      }
    } finally {
      clearTimeout(silence);
    }
  };

  const take = (block) => {
    const fields = {};
    for (const line of block.split("\n")) {
      const colon = line.indexOf(": ");
      if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
    }
    if (fields.event === "end") throw new Refused(401);
    if (fields.event) onEvent(fields.event, JSON.parse(fields.data));
    if (fields.id) lastId = fields.id;
  };

  run();
  return { stop() { stopped = true; controller?.abort(); } };
}
