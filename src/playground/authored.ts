/** A lesson that somebody made on this page: it travels in the link, beside the numbers that it begins with. */
export interface Authored {
  readonly title: string;
  readonly words: string;
  readonly question: string;
  readonly choices: readonly string[];
  /** Which choice is right. */
  readonly right: number;
  /** Are the pictures hidden until the answer is revealed? */
  readonly hides: boolean;
  /** What is said once it is revealed. */
  readonly told: string;
  /** The numbers that are then shown, as a link has them; empty where they stay. */
  readonly shown: string;
}

/** The names of its members in a link. */
const NAMES = { title: 'title', words: 'text', question: 'question', told: 'told', shown: 'shown' } as const;

/** What a link says of a lesson, not escaped yet. */
export function lessonParts({ choices, right, hides, ...texts }: Authored): readonly (readonly [name: string, value: string | readonly string[]])[] {
  return [
    ...Object.entries(NAMES).map(([member, name]) => [name, texts[member as keyof typeof NAMES]] as const),
    ['choices', choices] as const,
    ['right', `${right}`] as const,
    ...(hides ? [['hides', ''] as const] : []),
  ].filter(([name, value]) => value !== '' || name === 'hides');
}

/**
 * The lesson of a link; undefined where it has no question, or nothing to choose from.
 * @param read the value of a member, no longer escaped; undefined where it is absent
 * @param choices each no longer escaped
 */
export function readLesson(read: (name: string) => string | undefined, choices: readonly string[]): Authored | undefined {
  const question = read('question');
  if (question === undefined || choices.length === 0) return undefined;
  const right = Number(read('right') ?? 0);
  return {
    title: read('title') ?? '',
    words: read('text') ?? '',
    question,
    choices,
    right: Number.isInteger(right) && right >= 0 && right < choices.length ? right : 0,
    hides: read('hides') !== undefined,
    told: read('told') ?? '',
    shown: read('shown') ?? '',
  };
}
