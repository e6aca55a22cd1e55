import { type TSchema, Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { Failure, type FailureCode } from '../engine/failure.ts';
import { ProblemDetails } from '../schemas/problem.ts';
import { PROBLEMS } from './problems.ts';

/**
 * The media type among `offered` that the client likes best (RFC 9110, 12.5.1); the first where it has no wish.
 * @throws Failure `not-acceptable`, listing what is offered
 */
export function negotiate<Type extends string>(request: FastifyRequest, offered: readonly [Type, ...Type[]]): Type {
  const wish = request.headers.accept;
  if (wish === undefined || wish === '*/*' || wish === offered[0]) return offered[0];
  // Parameters other than q would keep a type from matching: "application/json; charset=utf-8" is what we send.
  request.raw.headers.accept = wish
    .split(',')
    .map((range) =>
      range
        .split(';')
        .filter((part, i) => i === 0 || /^\s*q=/i.test(part))
        .join(';'),
    )
    .join(',');
  const best = request.accepts().type([...offered]);
  const type = offered.find((candidate) => candidate === best);
  if (type !== undefined) return type;
  throw new Failure('not-acceptable', `this route gives ${offered.join(', ')}, got Accept: ${wish.slice(0, 200)}`);
}

/**
 * The media type of a stream of lines: the one among `types`, names of one format, that Accept names, else the request's.
 * @throws Failure `not-acceptable` where Accept wants neither one of them nor JSON
 */
export function negotiateLines<Type extends string>(request: FastifyRequest, given: Type, types: readonly Type[]): Type {
  const names = [given, ...types.filter((type) => type !== given)];
  const best = negotiate(request, [given, ...names.slice(1), 'application/json']);
  const wishes = request.headers.accept?.split(',').map((range) => range.split(';')[0]?.trim().toLowerCase());
  return names.find((type) => type === best) ?? names.find((type) => wishes?.includes(type)) ?? given;
}

/** One documented response a status, naming the problems that it can be. */
export function problemResponses(
  codes: readonly FailureCode[],
): Record<number, { description: string; content: Record<string, { schema: TSchema }> }> {
  const byStatus: Record<number, { description: string; content: Record<string, { schema: TSchema }> }> = {};
  for (const code of codes) {
    const { status, title } = PROBLEMS[code];
    const words = `\`${code}\`: ${title}.`;
    const before = byStatus[status]?.description;
    byStatus[status] = {
      description: before ? `${before} ${words}` : words,
      content: { 'application/problem+json': { schema: Type.Ref(ProblemDetails) } },
    };
  }
  return byStatus;
}
