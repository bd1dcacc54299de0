/**
 * The status line: where we are, who is here, and what the link is doing.
 *
 * @module
 */

import { fit } from "../fit.ts";
import type { ChatEvent } from "./events.ts";
import { seconds } from "./words.ts";

/** How long good news stays in the line. */
const NEWS_MS = 8000;

type LinkState =
  | { readonly type: "none" }
  | { readonly type: "connected"; readonly over: string }
  | { readonly type: "suspended"; readonly since: number; readonly retryAt: number }
  | { readonly type: "closed" };

export class Status {
  #room = "";
  #link: LinkState = { type: "none" };
  #news: { readonly text: string; readonly until: number } | undefined;
  /** Since when each of the others is cut off; `undefined` for those who are not. */
  readonly #others = new Map<string, number | undefined>();
  #name = "";

  /** Takes note of what happened. */
  apply(event: ChatEvent, now: number): void {
    switch (event.type) {
      case "joined":
        this.#room = event.room;
        this.#name = event.name;
        this.#others.clear();
        for (const { name, state } of event.members) this.#member(name, state, now);
        return;
      case "members":
        this.#others.clear();
        for (const { name, state } of event.members) this.#member(name, state, now);
        return;
      case "arrived":
        return this.#member(event.member.name, event.member.state, now);
      case "left":
        return void this.#others.delete(event.name);
      case "link":
        return this.#member(event.name, event.state, now);
      case "connected":
      case "moved":
        this.#link = { type: "connected", over: event.over };
        return;
      case "resumed":
        this.#link = { type: "connected", over: event.over };
        this.#news = { text: `resumed, ${event.replayed} replayed`, until: now + NEWS_MS };
        return;
      case "suspended":
        this.#link = { type: "suspended", since: now, retryAt: now };
        return;
      case "retrying":
        if (this.#link.type !== "suspended") return;
        this.#link = { ...this.#link, retryAt: now + event.retryMs };
        return;
      case "closed":
        this.#link = { type: "closed" };
        return;
    }
  }

  /** Whether the line changes by time alone. */
  isTicking(): boolean {
    if (this.#link.type === "suspended" || this.#news) return true;
    return [...this.#others.values()].some((since) => since !== undefined);
  }

  /** The line, of at most so many characters. */
  line(now: number, columns: number): string {
    if (this.#news && now >= this.#news.until) this.#news = undefined;
    const parts = [
      this.#room,
      `${this.#others.size + 1} here`,
      this.#linkWords(now),
      this.#news?.text ?? "",
      ...Array.from(this.#others, ([name, since]) =>
        since === undefined ? "" : `${name} cut off for ${seconds(now - since)}`,
      ),
    ];
    return fit(parts.filter((part) => part !== "").join(" · "), columns);
  }

  #member(name: string, state: "connected" | "suspended", now: number): void {
    if (name !== this.#name) this.#others.set(name, state === "suspended" ? now : undefined);
  }

  #linkWords(now: number): string {
    const link = this.#link;
    switch (link.type) {
      case "none":
        return "";
      case "connected":
        return `connected over ${link.over}`;
      case "suspended":
        return `suspended since ${timeOfDay(link.since)} (${seconds(now - link.since)}), retrying`;
      case "closed":
        return "over";
    }
  }
}

/** The local time of a moment of `performance.now()`. */
function timeOfDay(at: number): string {
  return new Date(performance.timeOrigin + at).toTimeString().slice(0, 8);
}
