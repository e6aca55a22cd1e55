import type { FastifyReply } from 'fastify';

/** Says that the reply depends on a header of the request, besides those that are said already (RFC 9110, 12.5.5). */
export function varyBy(reply: FastifyReply, field: string): FastifyReply {
  const said = reply.getHeader('vary');
  return reply.header('vary', said === undefined ? field : `${said}, ${field}`);
}
