/** The one function of Swagger UI's that is changed here: the text that it shows for an example. */
interface Swagger {
  fn: { getSampleSchema: (schema: unknown, mediaType: string, ...rest: unknown[]) => unknown };
}

/**
 * A plugin for Swagger UI, which takes every media type with "json" in its name for JSON: of an example of lines it would
 * make one JSON string, quotes and all, which no service reads as lines. This shows, and sends, the lines. It is sent to
 * the browser as text, so it uses nothing from outside itself.
 */
export function linesAsTheyAre() {
  return {
    afterLoad(this: Swagger) {
      const sample = this.fn.getSampleSchema;
      this.fn.getSampleSchema = (schema, mediaType, ...rest) => {
        const text = sample(schema, mediaType, ...rest);
        const lines = /ndjson|jsonl/.test(mediaType) && typeof text === 'string' && text.startsWith('"');
        return lines ? JSON.parse(text) : text;
      };
    },
  };
}
