/** What `POST /attention` does, for the documentation. */
export const ATTENTION_WORDS = `
Each token has a vector. One of them is the query. It asks: *which of the others matter to me?*

1. **Scores.** The query is multiplied with each token's vector, the key, number by number, and the products are added up: the dot product. The more alike two vectors are, the higher it is.
2. **Logits.** What softmax sees: the scores, capped and with a bias where that is asked for, and with the keys that are excluded (\`mask\`, \`causal\`, \`window\`) taken out.
3. **Weights.** Softmax turns the logits into shares that add up to 1: exp(logit) / Σ exp(logit).
4. **Context vector.** The tokens' vectors (or \`values\`), each times its weight, added up.

\`\`\`text
Q = queries · w_query + b_query      K = tokens · w_key + b_key      V = (values or tokens) · w_value + b_value
scores[i,j]  = scale · Q[i]·K[j]
logits[i,j]  = softcap(scores[i,j]) + bias[i,j] + position bias      or excluded
weights[i,j] = exp(logits[i,j]) / (Σ_j exp(logits[i,j]) + exp(sink))   the sum over the keys not excluded
context[i]   = (Σ_j weights[i,j] · V[j], heads side by side) · w_output + b_output
\`\`\`

An excluded key takes no part at all: it is skipped, never multiplied by zero. A row with every key excluded gives weights 0 and a context of 0 (b_output, where there is one), never NaN, and is listed in \`fully_masked\`.

**To look at it**: \`Accept: text/markdown\` gives the walk-through, every step for these vectors in words and numbers; \`Accept: image/svg+xml\` the weights as a heatmap, one panel a head. \`include: ["trace"]\` gives every number of the arithmetic in the JSON reply.

**Many at once**: \`content-type: application/x-ndjson\`, one request a line, one reply a line, in order, streamed (\`application/ndjson\`, \`application/jsonl\` and \`application/jsonlines\` are the same). A bad line yields its problem with \`line\` added, and the rest go on. Bodies may be packed with gzip, deflate, br or zstd.
`.trim();

/** What `POST /attention/merge` does. */
export const MERGE_WORDS = `
Keys too many for one request: split them over several, ask each for \`context\` and \`lse\` (without \`w_output\` and \`b_output\`), and merge here, exactly.

\`\`\`text
lse = ln Σ_p exp(lse_p)        context = Σ_p exp(lse_p − lse) · context_p
\`\`\`

The context splits into as many equal blocks as lse has heads. A part whose lse is null counts for nothing. A sink belongs in one part only. With \`queries_start\` set to the query's position minus the part's first key, causal, window, rope and alibi merge exactly too.
`.trim();

/** What `POST /attention/diagnose` does. */
export const DIAGNOSE_WORDS = `
Your attention gives other numbers than it should. Why? Send the request that it should have answered, and what it gave: one of \`scores\`, \`weights\`, \`context\` and \`lse\` is enough. They are held against the right ones and against those of 44 known mistakes, each the smallest change of the request or of one step.

- \`matches\`: whether every number is within \`tolerance\`, by |got − wanted| ≤ absolute + relative · |wanted|.
- \`mistakes\`: those that reproduce your numbers and clearly beat the right answer, best first; mistakes that fit equally well are all named. \`also\` is the second one where only two together explain them.
- \`precision\`: the arithmetic whose rounding the errors look like. Numbers rounded to float16 do not match by default; they get \`"precision": "float16"\` and no mistake.
- \`certified\`: for each arithmetic the largest error that an honest implementation can make on this very input. Take it for a tolerance.
- \`tolerance_is_blind\`: true where the plain mean of the values would pass your tolerance too.

**To read it**: \`Accept: text/markdown\` gives the verdict in sentences, with the right numbers and yours side by side.

The right answer is computed in double precision from the numbers as they are written. \`labels\`, \`include\` and \`decimals\` change nothing. A mistake shows in few numbers: a handful of tokens tells as much as a thousand.
`.trim();

/** What `POST /attention/diagnose/vectors` does. */
export const VECTORS_WORDS = `
A test file for your own repository. Send the options that your attention has, with sizes where \`/attention\` takes numbers: \`"tokens": {"rows": 6, "columns": 8}\`, \`"w_query": {"columns": 8}\`, \`"mask": true\`. You get few small inputs with their right answers, chosen so that every form of every known mistake of these options gives something else in one of them, by at least 0.01 in some output (\`kills\`), and so that mistakes are told from each other as far as that can be: \`not_told_apart\` has the pairs that no case tells, and \`not_killed\` what shows in none.

The same sizes and options give the same cases. \`Accept: text/x-python\` gives them as a file for pytest.
`.trim();
