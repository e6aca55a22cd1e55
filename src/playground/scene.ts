import type { Answer } from './answer.ts';
import type { Palette } from './colours.ts';
import type { Spot, Stage } from './stage.ts';
import type { State } from './state.ts';
import type { Verdict } from './verdict.ts';

/** What every picture draws: an answer, what is looked at of it, and how it was before the last change. */
export interface Scene {
  /** The newest state; `answer.state` is the one that was answered. */
  readonly state: State;
  readonly answer: Answer;
  /** The answer before the last change, where its numbers can be set against these. */
  readonly before: Answer | undefined;
  /** What the last change was. */
  readonly about: string;
  readonly head: number;
  /** The query row that is looked at. */
  readonly row: number;
  /** The cell that is looked at. */
  readonly spot: Spot;
  /** The matrices of this head, and those of `before`. */
  readonly stages: readonly Stage[];
  readonly stagesBefore: readonly Stage[] | undefined;
  readonly palette: Palette;
}

/**
 * Changes the state. `about` names the change for people. Changes with the same `gesture` are one step of undo until
 * another field is entered or something is pressed: the letters of a number, the moves of one drag.
 */
export type Edit = (change: (state: State) => State, about: string, gesture?: string) => void;

/** What a picture may ask of the page. */
export interface Actions {
  /** The newest state, which may be ahead of the answer that is drawn. */
  readonly state: () => State;
  readonly edit: Edit;
  readonly look: (spot: Spot, byKeyboard: boolean) => void;
  /** What the service says of numbers that somebody's code gave for a state. @throws Error with what is wrong with them */
  readonly diagnose: (state: State, observed: Readonly<Record<string, unknown>>) => Promise<Verdict>;
}

/** A picture of the answer. */
export interface View {
  readonly element: HTMLElement;
  /** Draws a new answer, or the same one in other colours. */
  show(scene: Scene): void;
  /** Another cell is looked at in the same answer; with `focus` the keyboard stands on it. */
  mark?(scene: Scene, focus: boolean): void;
  /** What depends on sizes. It is done once all pictures are drawn: to read a size between two changes has the browser lay the page out for each. */
  settle?(): void;
}
