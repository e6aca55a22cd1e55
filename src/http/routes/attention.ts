import { type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../engine/kernels/kernel.ts';
import { attend, lessonAxes } from '../../engine/lesson.ts';
import { refuseTooMuch } from '../../runtime/limits.ts';
import { AttentionReply, AttentionRequest } from '../../schemas/attention.ts';
import { ProblemDetails } from '../../schemas/problem.ts';
import { printAttentionReply } from '../../wire/attention-reply.ts';
import { readAttentionRequest } from '../../wire/attention-request.ts';
import { parseJson } from '../../wire/json.ts';
import { readBody, requireMediaType } from '../body.ts';
import { PROBLEMS, Problem, type ProblemCode } from '../problems.ts';
import { negotiate } from '../representation.ts';
import { Timing } from '../timing.ts';

/** `POST /attention`: the lesson. */
export async function attentionRoutes(app: FastifyInstance, { config, kernel }: { config: Config; kernel: Kernel }): Promise<void> {
  const bodies = { maxBytes: config.MAX_BODY_BYTES, timeoutMs: config.REQUEST_TIMEOUT_MS };
  const limits = { work: config.MAX_WORK, replyNumbers: config.MAX_REPLY_NUMBERS };

  app.post('/attention', { schema: documentation() }, async (request, reply) => {
    negotiate(request, ['application/json']);
    requireMediaType(request, ['application/json']);
    const body = await readBody(request, bodies);

    const timing = new Timing();
    const { lesson, printing } = readAttentionRequest(parseJson(body));
    refuseTooMuch(lesson, limits);
    timing.stage('decode');
    const result = attend(lesson, kernel);
    timing.stage('compute');
    const json = printAttentionReply(lessonAxes(lesson), result, printing);
    timing.stage('encode');
    if (timing.total > config.REQUEST_TIMEOUT_MS) {
      throw new Problem('deadline-exceeded', `the answer took ${Math.round(timing.total)} ms; REQUEST_TIMEOUT_MS is ${config.REQUEST_TIMEOUT_MS}`, {
        headers: { 'retry-after': '1' },
      });
    }
    return reply.header('server-timing', timing.toString()).type('application/json; charset=utf-8').send(json);
  });
}

function documentation() {
  return {
    operationId: 'attention',
    tags: ['attention'],
    summary: 'Attention scores, weights and context vectors',
    description: DESCRIPTION,
    body: { content: { 'application/json': { schema: Type.Ref(AttentionRequest) } } },
    response: {
      200: {
        description: 'What was asked for.',
        headers: { 'Server-Timing': { type: 'string', description: 'What decoding, computing and encoding took, in milliseconds.' } },
        content: { 'application/json': { schema: Type.Ref(AttentionReply) } },
      },
      ...problemResponses([
        'malformed-json',
        'not-acceptable',
        'timeout',
        'body-too-large',
        'work-too-large',
        'unsupported-media-type',
        'invalid-request',
        'arithmetic-overflow',
        'internal',
        'shutting-down',
        'deadline-exceeded',
      ]),
    },
  };
}

/** One documented response a status, naming the problems that it can be. */
function problemResponses(codes: readonly ProblemCode[]): Record<number, { description: string; content: Record<string, { schema: TSchema }> }> {
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

const DESCRIPTION = `
Each token has a vector. One of them asks: *which of the others matter to me?*

1. **Scores.** The asking vector is multiplied with each token's vector, number by number, and added up: the dot product. The more alike two vectors are, the higher.
2. **Logits.** What softmax sees: the scores, with the keys that are excluded (\`mask\`, \`causal\`) taken out.
3. **Weights.** Softmax turns the logits into shares that add up to 1: exp(logit) / Σ exp(logit).
4. **Context vector.** The tokens' vectors (or \`values\`), each times its weight, added up.

    scores[i,j]  = scale · query[i]·key[j]
    weights[i,j] = exp(scores[i,j]) / Σ_j exp(scores[i,j])     the sum over the keys not excluded
    context[i]   = Σ_j weights[i,j] · value[j]

A row with every key excluded gives weights 0 and a context of 0, never NaN, and is listed in \`fully_masked\`.
`.trim();
