import type { FastifyReply } from 'fastify';

/** The client went away before it had its answer: there is nobody to tell. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** Whether nobody waits for the answer: the client went, or its connection closed before the first byte of a stream. */
export function isGone(error: unknown): error is Error {
  return error instanceof ClientGone || (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE');
}

/** Aborted when the connection closes before the reply is out: nobody waits for it any more. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const onClose = (): void => {
    if (!reply.raw.writableFinished) gone.abort(new ClientGone('the connection closed before the answer was ready'));
  };
  if (reply.raw.closed) onClose();
  else reply.raw.once('close', onClose);
  return gone.signal;
}
