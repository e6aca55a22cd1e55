import type { Request } from './request.ts';
import { GRIDS } from './state.ts';

/** What stands as it is in the script, before it is used. */
const GIVEN = GRIDS.filter((name) => name !== 'queries' && name !== 'bias');

/** The question as a PyTorch script that needs no service: each line is a step of the strip. */
export function pytorchOf(request: Request): string {
  const lines = [
    'import torch',
    '',
    ...(request.dtype === 'float64' ? ['torch.set_default_dtype(torch.float64)'] : []),
    `x = ${tensor(request.tokens)}  # tokens`,
    ...GIVEN.filter((name) => request[name] !== undefined).map((name) => `${name} = ${tensor(request[name])}`),
    ...queryLines(request),
    ...vectorLines(request),
    ...logitLines(request),
    ...weightedSumLines(request),
    'print("weights", weights)',
    'print("context", context)',
  ];
  return lines.join('\n');
}

/** The query rows and all positions: i are those of the query rows, j those of the tokens. */
function queryLines({ queries, query, queries_start: start, position }: Request): string[] {
  const rows = queries !== undefined ? tensor(queries) : query === undefined ? 'x' : `x[[${query}]]`;
  const positions =
    queries !== undefined ? `torch.arange(len(rows)) + ${start ?? 0}` : query === undefined ? 'torch.arange(len(x))' : `torch.tensor([${query}])`;
  const lines = [`rows = ${rows}  # query rows`, `i, j = (${positions})[:, None], torch.arange(len(x))[None, :]`];
  if (typeOf(position) === 'sinusoidal') {
    lines.push(
      'def sinusoids(positions, d):  # "Attention is all you need", 3.5',
      '    angle = positions[:, None] / 10000 ** ((torch.arange(d) // 2 * 2) / d)',
      '    return torch.where(torch.arange(d) % 2 == 0, angle.sin(), angle.cos())',
      'rows = rows + sinusoids(i[:, 0], rows.shape[-1])',
      'x = x + sinusoids(j[0], x.shape[-1])',
    );
  }
  return lines;
}

function vectorLines(request: Request): string[] {
  const { heads, kv_heads: keyHeads, similarity, position } = request;
  const through = (of: 'query' | 'key' | 'value') =>
    (request[`w_${of}`] === undefined ? '' : ` @ w_${of}`) + (request[`b_${of}`] === undefined ? '' : ` + b_${of}`);
  const source = request.values === undefined ? 'x' : 'values';
  const lines = [`q, k, v = rows${through('query')}, x${through('key')}, ${source}${through('value')}`];
  if (heads !== undefined) {
    const groups = keyHeads ?? heads;
    lines.push('split = lambda t, h: t.unflatten(-1, (h, -1)).transpose(-2, -3)  # [rows, h·d] → [h, rows, d]');
    lines.push(`q, k, v = split(q, ${heads}), split(k, ${groups}), split(v, ${groups})`);
    if (groups !== heads) lines.push(`k, v = (t.repeat_interleave(${heads} // ${groups}, 0) for t in (k, v))  # grouped heads share`);
  }
  if (typeOf(position) === 'rope') {
    const { base = 10000, interleaved = false } = position as { base?: unknown; interleaved?: boolean };
    lines.push(
      `def rope(t, positions):  # ${interleaved ? 'pairs (2i, 2i + 1)' : 'pairs (i, i + d/2)'}`,
      '    d = t.shape[-1]',
      `    angle = positions[:, None] * float(${base}) ** (-2 * torch.arange(d // 2) / d)`,
      `    a, b = ${interleaved ? 't[..., 0::2], t[..., 1::2]' : 't[..., : d // 2], t[..., d // 2 :]'}`,
      '    turned = a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()',
      `    return ${interleaved ? 'torch.stack(turned, -1).flatten(-2)' : 'torch.cat(turned, -1)'}`,
      'q, k = rope(q, i[:, 0]), rope(k, j[0])',
    );
  }
  if (similarity === 'cosine') lines.push('q, k = (torch.nn.functional.normalize(t, dim=-1, eps=0) for t in (q, k))');
  return lines;
}

function logitLines({ scale, softcap, bias, position, causal, window, mask, heads }: Request): string[] {
  const factor = scale === undefined ? '' : scale === '1/sqrt(d_k)' ? ' * q.shape[-1] ** -0.5' : ` * ${JSON.stringify(scale)}`;
  const lines = [`scores = q @ k.mT${factor}`];
  if (softcap !== undefined) lines.push(`scores = ${softcap} * torch.tanh(scores / ${softcap})`);
  if (bias !== undefined) lines.push(`scores = scores + ${tensor(bias)}  # bias`);
  if (typeOf(position) === 'alibi') {
    const given = (position as { slopes?: unknown }).slopes;
    lines.push(`slopes = ${tensor(given ?? slopes(Number(heads ?? 1)))}`);
    lines.push(`scores = scores - ${heads === undefined ? 'slopes' : 'slopes[:, None, None]'} * (i - j).abs()`);
  }
  if (causal === undefined && window === undefined && mask === undefined) return lines;
  const { left, right } = (window ?? {}) as { left?: unknown; right?: unknown };
  lines.push('may = torch.ones(len(rows), len(x), dtype=torch.bool)  # true = may attend');
  if (causal !== undefined) lines.push('may &= j <= i');
  if (left !== undefined) lines.push(`may &= j >= i - ${left}`);
  if (right !== undefined) lines.push(`may &= j <= i + ${right}`);
  if (mask !== undefined) lines.push(`may &= torch.tensor(${JSON.stringify(mask).replaceAll('true', 'True').replaceAll('false', 'False')})`);
  lines.push('scores = scores.masked_fill(~may, float("-inf"))');
  return lines;
}

function weightedSumLines({ sink, heads, w_output: output, b_output: outputBias, causal, window, mask }: Request): string[] {
  const excluding = causal !== undefined || window !== undefined || mask !== undefined;
  const lines =
    sink === undefined
      ? [`weights = scores.softmax(-1)${excluding ? '.nan_to_num()  # a row with nothing to attend to: 0' : ''}`]
      : [
          Array.isArray(sink)
            ? `sink = ${tensor(sink)}[${heads === undefined ? ':, None' : ':, None, None'}].expand_as(scores[..., :1])`
            : `sink = torch.full_like(scores[..., :1], ${sink})`,
          'with_sink = torch.cat([scores, sink], -1)',
          'weights = with_sink.softmax(-1)[..., :-1]  # the sink has no value',
        ];
  lines.push('context = weights @ v');
  if (heads !== undefined) lines.push('context = context.transpose(-2, -3).flatten(-2)  # heads side by side');
  if (output !== undefined) lines.push('context = context @ w_output');
  if (outputBias !== undefined) lines.push('context = context + b_output');
  return lines;
}

/** The slopes of ALiBi (Press et al. 2022), as the service takes them by default. */
function slopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  return Array.from({ length: heads }, (_, g) => 2 ** (g < power ? (-8 * (g + 1)) / power : (-8 * (2 * (g - power) + 1)) / (2 * power)));
}

function tensor(value: unknown): string {
  return `torch.tensor(${JSON.stringify(value)
    .replace(/(?<![\d.eE+-])(-?\d+)(?=[,\]])/g, '$1.0')
    .replaceAll(',', ', ')
    .replaceAll('], [', '],\n  [')})`;
}

function typeOf(position: unknown): string | undefined {
  return (position as { type?: string } | undefined)?.type;
}
