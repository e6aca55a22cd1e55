interface Reply {
  headers?: Record<string, object>;
}
interface Operation {
  security?: readonly Record<string, readonly string[]>[];
  responses?: Record<string, Reply>;
}
interface Document {
  readonly paths?: object | undefined;
  readonly components?: object | undefined;
}

const SCHEME = {
  type: 'http',
  scheme: 'bearer',
  description: 'One of the keys of API_KEY or API_KEY_FILE, where one of them is set; else the service is open. Only POST wants one.',
};
const CHALLENGE = { 'WWW-Authenticate': { description: 'How to ask: `Bearer`.', schema: { type: 'string' } } };

/** The document with the keys that a service may want for a POST; one document serves services with keys and without. */
export function withKeys<Given extends Document>(document: Given): Given {
  for (const operations of Object.values(document.paths ?? {}) as Record<string, Operation>[]) {
    for (const [method, operation] of Object.entries(operations)) {
      operation.security = method === 'post' ? [{ key: [] }, {}] : [];
      const refusal = operation.responses?.['401'];
      if (refusal) refusal.headers = { ...refusal.headers, ...CHALLENGE };
    }
  }
  return { ...document, components: { ...document.components, securitySchemes: { key: SCHEME } } };
}
