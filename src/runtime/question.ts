import type { Kernel } from '../engine/kernels/kernel.ts';
import type { Codec } from '../wire/numbers/codec.ts';
import type { MakeRoom } from '../wire/parsed-bytes.ts';

/*
 * The types that every room of the runtime shares: what is asked, with what it is answered, and what comes of it.
 */

/** A way to show attention to people: the walk-through, or the picture. */
export type Showing = 'markdown' | 'svg';

/** What each kind of question says besides the request's body, in the pieces in which it arrived. */
interface Kinds {
  /** Attention over tokens, as JSON. */
  readonly attention: object;
  /** The same, shown to people. */
  readonly shown: { readonly as: Showing };
  /** Parts of the keys, put together again. */
  readonly merge: object;
  /** Somebody's numbers, held against the right ones and the known mistakes'. */
  readonly diagnose: { readonly as?: 'markdown' | undefined };
  /** Small inputs that tell the known mistakes of some options. */
  readonly vectors: { readonly as?: 'python' | undefined };
  /** The operator over tensors; `jsonLength` is the header that says how long the JSON before binary tensors is. */
  readonly inference: { readonly jsonLength?: string | undefined };
}

export type Kind = keyof Kinds;

export type QuestionOf<Of extends Kind> = { [K in Of]: { readonly kind: K; readonly body: readonly Buffer[] } & Kinds[K] }[Of];

/** A question, by kind. */
export type Question = QuestionOf<Kind>;

/** What a request may cost, at most. */
export interface Limits {
  /** Multiply-adds. */
  readonly work: number;
  /** Numbers in one reply. */
  readonly replyNumbers: number;
}

/** What carrying a question out takes, once its shapes are known. */
export interface Price {
  /** Multiply-adds, as MAX_WORK counts them. */
  readonly work: number;
  /** About how long it holds its thread, in milliseconds. */
  readonly cost: Cost;
  /** About how many bytes it holds on the way, besides the body and what was read of it. */
  readonly holds: number;
}

/** What answers are made with. */
export interface Means {
  readonly kernel: Kernel;
  readonly codec: Codec;
  readonly limits: Limits;
  /** Asked for what reading the body holds, before it is held. Without it there is room for all. */
  readonly makeRoom?: MakeRoom | undefined;
  /** Called now and then by what takes its time; may throw to stop. */
  readonly checkpoint?: () => void;
}

/** The body of a reply; `jsonLength` where binary tensors follow its JSON. */
export interface Answer {
  readonly body: Buffer | string;
  readonly jsonLength?: number | undefined;
}

/** The length of each axis, by the engine's letters (B, H, G, M, N, D, E), and what else says how large a question is. */
export type Sizes = Readonly<Record<string, number>>;

/** About how long a task holds its thread, in milliseconds. */
export type Cost = number;

/** A question that has been read and may be carried out: how large it is, what that will cost, and how it is done. */
export interface Task extends Price {
  readonly sizes: Sizes;
  /**
   * Computes, then prints.
   * @param computed called between the two
   */
  carryOut(computed?: () => void): Answer;
}

/** Milliseconds that each stage of an answer took. */
export interface StageTimes {
  /** Between asking and reading, where a worker had to be waited for. */
  readonly queue: number;
  readonly decode: number;
  readonly compute: number;
  readonly encode: number;
}

/** What an answer was and took, as numbers: Server-Timing, the log and the statistics print them. */
export interface Facts {
  readonly kind: Kind;
  readonly sizes: Sizes;
  readonly work: number;
  /** Where it was made: on the event loop, or on a worker thread. */
  readonly where: 'inline' | 'worker';
  readonly stages: StageTimes;
}

/** An answer, and its facts. */
export interface Answered {
  readonly answer: Answer;
  readonly facts: Facts;
}
