/** What stands in the form of a lesson, as it was typed. */
export interface Draft {
  readonly title: string;
  readonly words: string;
  readonly question: string;
  readonly choices: string;
  readonly right: string;
  readonly hides: boolean;
  readonly told: string;
  /** The numbers that it begins with and those that are revealed, as links have them; empty where none were kept. */
  readonly begins: string;
  readonly shown: string;
  /** The lesson that was opened and is being changed, as JSON; empty where it is a new one. */
  readonly of: string;
}

const NAME = 'attention-lesson';
const TEXTS = ['title', 'words', 'question', 'choices', 'right', 'told', 'begins', 'shown', 'of'] as const;

/** The draft of this tab; undefined where there is none, or where the browser keeps nothing. */
export function keptDraft(): Draft | undefined {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(NAME) ?? 'null');
    return isDraft(kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a draft until the tab is closed, so that a reload loses nothing. */
export function keepDraft(draft: Draft): void {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(draft));
  } catch {
    // A browser that keeps nothing forgets it at a reload.
  }
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== 'object' || value === null) return false;
  const members = value as Readonly<Record<string, unknown>>;
  return TEXTS.every((name) => typeof members[name] === 'string') && typeof members['hides'] === 'boolean';
}
