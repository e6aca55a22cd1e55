/*
 * A small table of common English words, made here by hand: ten features that a person can read and argue with. A number says how much of a
 * feature a word has, from −1 (its opposite: small, still) to 1; what is left out is 0. It is no trained embedding.
 */

/** The dimensions of a word's vector. */
export const FEATURES = ['living', 'human', 'female', 'size', 'motion', 'place', 'food', 'made', 'feeling', 'grammar'] as const;

/** A word a line, and each feature that it has. */
const TABLE = `
the grammar 1
a grammar 0.9
an grammar 0.9
and grammar 0.8
or grammar 0.8
of grammar 0.9
to grammar 0.8 motion 0.2
in grammar 0.8 place 0.3
on grammar 0.8 place 0.3
at grammar 0.8 place 0.3
by grammar 0.8
with grammar 0.8
for grammar 0.8
from grammar 0.8 place 0.2
not grammar 0.9 feeling -0.2
is grammar 0.7
was grammar 0.7
it grammar 0.8
i grammar 0.6 living 1 human 1
you grammar 0.6 living 1 human 1
he grammar 0.6 living 1 human 1 female -1
she grammar 0.6 living 1 human 1 female 1
her grammar 0.7 living 0.8 human 0.8 female 1
his grammar 0.7 living 0.8 human 0.8 female -1
they grammar 0.6 living 0.7 human 0.6
we grammar 0.6 living 1 human 1
man living 1 human 1 female -1 size 0.2
woman living 1 human 1 female 1 size 0.1
boy living 1 human 1 female -1 size -0.3
girl living 1 human 1 female 1 size -0.3
child living 1 human 1 size -0.4
baby living 1 human 1 size -0.7
king living 1 human 1 female -1 size 0.3 place 0.2
queen living 1 human 1 female 1 size 0.3 place 0.2
mother living 1 human 1 female 1 feeling 0.5
father living 1 human 1 female -1 feeling 0.4
sister living 1 human 1 female 1 feeling 0.3
brother living 1 human 1 female -1 feeling 0.3
friend living 1 human 1 feeling 0.7
teacher living 1 human 1 place 0.2
student living 1 human 1 size -0.1
doctor living 1 human 1 feeling 0.1
dog living 1 size -0.2 motion 0.5 feeling 0.4
cat living 1 size -0.4 motion 0.4 feeling 0.2
bird living 1 size -0.6 motion 0.8
fish living 1 size -0.4 motion 0.6 food 0.5
horse living 1 size 0.5 motion 0.8
cow living 1 size 0.5 food 0.3
mouse living 1 size -0.8 motion 0.5
elephant living 1 size 1 motion 0.2
lion living 1 size 0.6 motion 0.5 feeling -0.4
animal living 1 motion 0.5
tree living 0.8 size 0.7 motion -0.8 place 0.2
flower living 0.8 size -0.6 motion -0.7 feeling 0.4
apple living 0.3 size -0.6 food 1
bread food 1 made 0.5
cheese food 1 made 0.4
milk food 0.9 living 0.1
water food 0.6 motion 0.4
cake food 1 made 0.5 feeling 0.5
egg food 0.8 living 0.3 size -0.7
soup food 1 made 0.4 feeling 0.2
house place 0.8 made 0.9 size 0.6 motion -0.8
home place 0.9 made 0.4 feeling 0.6 motion -0.6
garden place 0.9 living 0.4 size 0.3
street place 0.9 made 0.6 motion 0.3
city place 1 made 0.7 size 0.9
school place 0.9 made 0.6 human 0.3 size 0.4
park place 0.9 living 0.3 size 0.4
forest place 0.9 living 0.7 size 0.8
mountain place 0.9 size 1 motion -1
river place 0.8 motion 0.7 size 0.6
sea place 0.9 motion 0.6 size 1
world place 1 size 1
kitchen place 0.8 made 0.5 food 0.6
car made 1 motion 0.9 size 0.4
train made 1 motion 0.9 size 0.8
boat made 1 motion 0.7 size 0.4
ball made 0.8 motion 0.6 size -0.5
book made 1 size -0.5 motion -0.4
table made 1 size 0.1 motion -0.8
chair made 1 size -0.1 motion -0.8
door made 0.9 place 0.2 size 0.1
mat made 0.9 size -0.3 motion -0.8
hat made 0.9 size -0.6
key made 1 size -0.9
letter made 0.8 size -0.7 feeling 0.1
big size 1
small size -1
large size 1
little size -0.9 feeling 0.1
tall size 0.8
long size 0.6
tiny size -1
fast motion 1
slow motion 0.3
quick motion 0.9
old living 0.2 size 0.1 feeling -0.1
young living 0.5 size -0.3 feeling 0.1
new made 0.2 feeling 0.2
good feeling 0.8
bad feeling -0.8
happy feeling 1
sad feeling -1
hungry feeling -0.4 food 0.7
angry feeling -0.9
kind feeling 0.8
red feeling 0.1
green living 0.3
run motion 1
ran motion 1
runs motion 1
walk motion 0.6
walked motion 0.6
walks motion 0.6
go motion 0.7
goes motion 0.7
went motion 0.7
came motion 0.7
fly motion 0.9
jump motion 0.9
jumped motion 0.9
swim motion 0.8
sat motion -0.8 place 0.2
sit motion -0.8 place 0.2
sleep motion -1 feeling 0.2
slept motion -1 feeling 0.2
stood motion -0.7 place 0.2
eat food 0.9 motion 0.1
ate food 0.9 motion 0.1
eats food 0.9 motion 0.1
drink food 0.8
drank food 0.8
cook food 0.8 made 0.4
made made 0.8
build made 0.9
built made 0.9
see feeling 0.1 living 0.2
saw feeling 0.1 living 0.2
chased motion 0.9 feeling -0.2
caught motion 0.4
gave motion 0.3 feeling 0.3
read made 0.3 human 0.4
said human 0.5
love feeling 1 human 0.3
loves feeling 1 human 0.3
loved feeling 1 human 0.3
like feeling 0.6
likes feeling 0.6
hate feeling -1 human 0.2
hates feeling -1 human 0.2
fears feeling -0.9
`;

const WORDS: ReadonlyMap<string, readonly number[]> = new Map(
  TABLE.trim()
    .split('\n')
    .map((line) => {
      const [word = '', ...pairs] = line.split(' ');
      const has = new Map(pairs.flatMap((name, i) => (i % 2 === 0 ? [[name, Number(pairs[i + 1])] as const] : [])));
      return [word, FEATURES.map((feature) => has.get(feature) ?? 0)];
    }),
);

/** The words of the table. */
export function knownWords(): readonly string[] {
  return [...WORDS.keys()];
}

/** The vector of a word, in the order of the features; undefined where the table has no such word. Capitals don't count. */
export function vectorOf(word: string): readonly number[] | undefined {
  return WORDS.get(word.toLowerCase());
}
