import { faultOfKey, keptKey } from './key.ts';
import { printedTolerance } from './observed.ts';
import { INCLUDE, questionOf, type Request } from './request.ts';
import type { State } from './state.ts';
import type { Verdict } from './verdict.ts';

/** One thing wrong with a request, and the JSON pointer to where it stands. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** What came of a question. */
export type Outcome =
  | { readonly kind: 'answered'; readonly state: State; readonly request: Request; readonly reply: Readonly<Record<string, unknown>> }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] }
  | { readonly kind: 'key wanted'; readonly detail: string }
  | { readonly kind: 'away'; readonly detail: string; readonly againInMs: number };

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10_000;
const SOONEST_AGAIN_MS = 250;

/** Asks the service about the newest state: one question on the way at a time, and what was overtaken is not asked. */
export class Service {
  /** Sent to this service alone, in a header. */
  key = keptKey();
  readonly #tell: (outcome: Outcome) => void;
  #wanted: State | undefined;
  #asking = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (outcome: Outcome) => void) {
    this.#tell = tell;
  }

  ask(state: State): void {
    this.#wanted = state;
    clearTimeout(this.#timer);
    if (!this.#asking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#asking = true;
    while (this.#wanted) {
      const state = this.#wanted;
      this.#wanted = undefined;
      const outcome = await this.#question(state);
      if (outcome.kind === 'away') this.#again(state, outcome.againInMs);
      else this.#failures = 0;
      this.#tell(outcome);
    }
    this.#asking = false;
  }

  #again(state: State, wait: number): void {
    this.#failures++;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.ask(this.#wanted ?? state), wait);
  }

  async #question(state: State): Promise<Outcome> {
    const request = questionOf(state);
    const wrong = faultOfKey(this.key);
    if (wrong !== undefined) return { kind: 'key wanted', detail: wrong };
    try {
      const response = await this.#post({ ...request, include: INCLUDE }, 'application/json');
      const reply: Readonly<Record<string, unknown>> = await response.json();
      if (response.ok) return { kind: 'answered', state, request, reply };
      const detail = String(reply['detail'] ?? response.statusText);
      if (response.status === 401) return { kind: 'key wanted', detail };
      if (response.status === 429 || response.status >= 500) return this.#away(`${response.status}: ${detail}`, response.headers.get('retry-after'));
      return { kind: 'refused', faults: (reply['errors'] as readonly Fault[] | undefined) ?? [{ pointer: '', detail }] };
    } catch {
      return this.#away('nothing answers at this address', null);
    }
  }

  /**
   * The answer to a state in another form: text/markdown is the walk-through, image/svg+xml the picture of the weights.
   * @throws Error with what the service says, or that it is not there
   */
  async draw(state: State, type: 'text/markdown' | 'image/svg+xml'): Promise<string> {
    const response = await this.#post(questionOf(state), type);
    if (response.ok) return response.text();
    const problem: { detail?: string } = await response.json().catch(() => ({}));
    throw new Error(problem.detail ?? response.statusText);
  }

  /**
   * What the service says of numbers that somebody's code gave for a state.
   * @throws Error with what is wrong with them, or that the service is not there
   */
  async diagnose(state: State, observed: Readonly<Record<string, unknown>>): Promise<Verdict> {
    const tolerance = printedTolerance(Object.values(observed)[0]);
    const response = await this.#post({ ...questionOf(state), observed, ...(tolerance && { tolerance }) }, 'application/json', 'attention/diagnose');
    if (response.ok) return response.json();
    const problem: { detail?: string; errors?: readonly Fault[] } = await response.json().catch(() => ({}));
    const [first] = problem.errors ?? [];
    throw new Error(first ? `${first.pointer} ${first.detail}` : (problem.detail ?? response.statusText));
  }

  #post(body: unknown, accept: string, path = 'attention'): Promise<Response> {
    return fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, ...(this.key && { authorization: `Bearer ${this.key}` }) },
      body: JSON.stringify(body),
    });
  }

  #away(detail: string, retryAfter: string | null): Outcome {
    const wait = Number(retryAfter ?? 0) * 1000 || FIRST_WAIT_MS * 2 ** Math.min(this.#failures, 10);
    return { kind: 'away', detail, againInMs: Math.max(SOONEST_AGAIN_MS, Math.min(wait, LONGEST_WAIT_MS)) };
  }
}
