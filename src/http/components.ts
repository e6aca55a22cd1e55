/** Members that hold values, not schemas. */
const VALUES = new Set(['example', 'examples', 'default', 'enum', 'const', 'value']);

type Schema = Readonly<Record<string, unknown>>;
interface Document {
  readonly paths?: object | undefined;
  readonly components?: { readonly schemas?: Readonly<Record<string, object>> | undefined } | undefined;
}

/**
 * The document with every schema that has a title among the components, under that title, and a reference in its place:
 * generators of clients name a type after its component, and make up a name for one that stands in another.
 * @throws Error where two schemas that differ have one title
 */
export function withComponents<Given extends Document>(document: Given): Given {
  const schemas: Record<string, object> = {};
  const moved = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(moved);
    if (typeof node !== 'object' || node === null) return node;
    const schema: Schema = Object.fromEntries(
      Object.entries(node).map(([key, value]) => [key, key === 'properties' ? members(value, moved) : VALUES.has(key) ? value : moved(value)]),
    );
    return typeof schema['title'] === 'string' ? reference(schema['title'], schema, schemas) : schema;
  };
  const own = members(document.components?.schemas ?? {}, moved);
  const paths = moved(document.paths);
  return { ...document, paths, components: { ...document.components, schemas: { ...own, ...schemas } } };
}

function members(object: object, change: (value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}

/** The words stay beside the reference too: of one component, they may differ from place to place. */
function reference(title: string, schema: Schema, schemas: Record<string, object>): Schema {
  const known = schemas[title];
  if (known && shape(known) !== shape(schema)) throw new Error(`two schemas of the document have the title ${title}, and differ`);
  schemas[title] = known ?? schema;
  const { description } = schema;
  return { $ref: `#/components/schemas/${title}`, ...(description !== undefined && { description }) };
}

function shape(schema: object): string {
  return JSON.stringify({ ...schema, description: undefined });
}
