import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

type Callback = (this: unknown, ...words: unknown[]) => unknown;

/** Node's parser of one connection. It looks its callbacks up by number at each piece; Node has no public word for it. */
type Parser = Record<string, unknown>;

/** The callbacks of every parser, and their places in it. */
interface Callbacks {
  readonly body: readonly [place: string, callback: Callback];
  readonly complete: readonly [place: string, callback: Callback];
}

let known: Callbacks | undefined;

/**
 * Leaves the rest of a body to Node's parser, which copies each piece into memory of its own for whoever hears of it, and
 * copies none where nobody does. Collecting the copies of refused bodies took more time than serving others. What follows the body on its connection is heard again.
 */
export function leaveUnheard({ complete, socket }: IncomingMessage): void {
  const { parser } = socket as Socket & { readonly parser?: Parser | null };
  const callbacks = parser && callbacksOf(parser);
  if (!callbacks || complete) return;
  const { body, complete: completed } = callbacks;
  const hearAgain = (): void => {
    parser[body[0]] = body[1];
    parser[completed[0]] = completed[1];
    socket.off('close', hearAgain);
  };
  parser[body[0]] = undefined;
  // The next request may be in the same piece of the connection.
  parser[completed[0]] = function (...words: unknown[]) {
    hearAgain();
    return completed[1].apply(this, words);
  };
  // Before Node hands the parser to another connection.
  socket.prependListener('close', hearAgain);
}

function callbacksOf(parser: Parser): Callbacks | undefined {
  if (known && isAt(parser, known.body) && isAt(parser, known.complete)) return known;
  const body = find(parser, 'parserOnBody');
  const complete = find(parser, 'parserOnMessageComplete');
  if (body && complete) known ??= { body, complete };
  return body && complete && known;
}

function isAt(parser: Parser, [place, callback]: Callbacks['body']): boolean {
  return parser[place] === callback;
}

function find(parser: Parser, name: string): Callbacks['body'] | undefined {
  for (const [place, callback] of Object.entries(parser))
    if (typeof callback === 'function' && callback.name === name) return [place, callback as Callback];
  return undefined;
}
