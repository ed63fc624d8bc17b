import { connect, type Socket } from "node:net";
import type { Fate } from "./proxy-faults.js";
import { decodeRequest, RespFramer } from "./resp.js";

/** What a link needs to know from its proxy, and tells it. */
export interface LinkOwner {
  /** Whether requests, or replies, have to wait. */
  readonly requestsHeld: boolean;
  readonly repliesHeld: boolean;
  fateOfRequest(request: readonly string[], link: Link): Fate;
  /** `request` is what is being answered. A push message answers nothing, so it always passes. */
  fateOfReply(request: readonly string[], link: Link): Fate;
  forwarded(what: "request" | "reply"): void;
  closed(link: Link): void;
}

interface Request {
  readonly bytes: Buffer;
  readonly words: readonly string[];
}

/**
 * One client's connection and its twin to Redis. Both streams are cut into whole requests and replies, paired in order.
 * A request that was forwarded reaches Redis whatever becomes of the client; one that is held does so on `flush` even if the
 * client has gone in the meantime, as a packet would that was under way.
 */
export class Link {
  readonly #owner: LinkOwner;
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #requests = new RespFramer();
  readonly #replies = new RespFramer();
  readonly #unanswered: Request[] = [];
  #heldRequests: Request[] = [];
  #heldReplies: Buffer[] = [];
  #delay: NodeJS.Timeout | undefined;
  #clientGone = false;
  #upstreamGone = false;

  constructor(client: Socket, targetPort: number, owner: LinkOwner) {
    this.#owner = owner;
    this.#client = client.setNoDelay();
    this.#upstream = connect({ host: "127.0.0.1", port: targetPort }).setNoDelay();
    client.on("data", (chunk) => {
      for (const bytes of this.#requests.push(chunk)) this.#onRequest({ bytes, words: decodeRequest(bytes) });
    });
    this.#upstream.on("data", (chunk) => {
      for (const reply of this.#replies.push(chunk)) this.#onReply(reply);
    });
    // Errors are followed by close.
    client.on("error", () => {});
    this.#upstream.on("error", () => {});
    client.on("close", () => {
      this.#clientGone = true;
      this.#onClose();
    });
    this.#upstream.on("close", () => {
      this.#upstreamGone = true;
      this.#onClose();
    });
  }

  /** Closes the client's connection now, after what was already forwarded to it. What waits here is lost. */
  cut(): void {
    clearTimeout(this.#delay);
    this.#heldRequests = [];
    this.#heldReplies = [];
    this.#clientGone = true;
    this.#client.end(() => this.#client.destroy());
    this.#hangUp();
  }

  /** Forwards what waits and need not wait any more. */
  flush(): void {
    if (!this.#owner.requestsHeld) {
      for (const request of this.#heldRequests.splice(0)) this.#sendRequest(request);
      if (this.#clientGone) this.#hangUp();
    }
    if (!this.#owner.repliesHeld && this.#delay === undefined) {
      for (const reply of this.#heldReplies.splice(0)) this.#sendReply(reply);
      if (this.#upstreamGone) this.#client.end();
    }
  }

  /** Ends the delay of replies, if there is one, and flushes. */
  hurry(): void {
    clearTimeout(this.#delay);
    this.#delay = undefined;
    this.flush();
  }

  /** Closes both connections without ceremony. */
  destroy(): void {
    clearTimeout(this.#delay);
    this.#client.destroy();
    this.#upstream.destroy();
  }

  #onRequest(request: Request): void {
    if (this.#clientGone) return;
    if (this.#owner.fateOfRequest(request.words, this) === "drop") this.cut();
    else if (this.#owner.requestsHeld) this.#heldRequests.push(request);
    else this.#sendRequest(request);
  }

  #sendRequest(request: Request): void {
    this.#unanswered.push(request);
    this.#upstream.write(request.bytes);
    this.#owner.forwarded("request");
  }

  #onReply(reply: Buffer): void {
    const isPush = reply.toString("latin1", 0, 1) === ">";
    const request = isPush ? undefined : this.#unanswered.shift();
    if (this.#clientGone) return;
    const fate = request ? this.#owner.fateOfReply(request.words, this) : "pass";
    if (fate === "swallow") return;
    if (fate === "drop") {
      this.cut();
      return;
    }
    if (fate !== "pass") this.#delay ??= setTimeout(() => this.hurry(), fate.delayMs);
    if (this.#owner.repliesHeld || this.#delay !== undefined) this.#heldReplies.push(reply);
    else this.#sendReply(reply);
  }

  #sendReply(reply: Buffer): void {
    if (this.#clientGone) return;
    this.#client.write(reply);
    this.#owner.forwarded("reply");
  }

  /** Half-closes towards Redis: it serves what it was sent and then closes; its replies go nowhere. */
  #hangUp(): void {
    if (!this.#upstream.writableEnded) this.#upstream.end();
  }

  #onClose(): void {
    this.flush();
    if (!this.#client.closed || !this.#upstream.closed) return;
    clearTimeout(this.#delay);
    this.#owner.closed(this);
  }
}
