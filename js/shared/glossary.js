// Written by `python docs/glossary.py` from softmoe_edu/glossary.py; edit that file, not this one.

/** @type {Record<string, string>} */
export const GLOSSARY = {
  token: "One of the pieces a model reads, as a vector: a patch of an image, or a part of a word.",
  expert: "One of several small networks (MLPs) of a layer. Each learns weights of its own.",
  slot: "One input row of an expert. An expert computes once for each of its slots, full or empty.",
  router: "Decides which tokens go to which slots, and how slots answer tokens.",
  group: "The tokens that compete for the same slots: one image by default, or a whole batch.",
  logit: "The score that a router gives a token for an expert or a slot, before any softmax. It can be any number.",
  cosine: "How far two vectors point the same way, from -1 to 1: their product over both lengths.",
  padding: "Tokens that mean nothing. They fill up short examples, so that all of a batch are equally long.",
  mask: "Says which tokens are real, and which are padding: True for a real one.",
  score: "What a router thinks of a token and an expert or a slot, before any softmax. Also called a logit.",
  softmax: "Turns scores into positive weights that sum to 1; the larger a score, the larger its weight.",
  gate: "A score after the softmax: how much a token wants an expert, and how much that expert's answer counts.",
  gating:
    "How gates are made from scores. vmoe: softmax over all experts, then the best are kept. switch: the same with one choice. gshard: the kept gates are divided by their sum. top_k_then_softmax: the best scores are kept, then the softmax is over those alone.",
  dispatch: "How tokens fill slots. A slot's input is the sum of the tokens, times their dispatch weights.",
  combine: "How slots answer tokens. A token's output is the sum of the slots' outputs, times its combine weights.",
  capacity: "The number of slots of one expert: the most tokens that a sparse router can send it.",
  "capacity factor":
    "All slots, divided by all choices that tokens make. At 1 there are just enough slots, if every expert is chosen equally often.",
  top_k:
    "How many experts a token may choose. In tokens choice, a token goes to the top_k experts with its largest gates.",
  dropped: "A token that no slot took. The layer passes it on unchanged, through the residual connection.",
  "empty slot": "A slot that no token took. Its expert computes it all the same: paid for nothing.",
  residual:
    "What goes around a layer and is added to its output: each token as it came in. A dropped token has nothing else.",
  load: "The work of an expert: the dispatch weights of its slots, summed. For a sparse router, the number of tokens it got.",
  priority:
    "Who is served first where too many tokens want one expert. position: in the order of the tokens. gate: those with the largest gate first.",
  scale:
    "Multiplies all scores before the softmax. A large scale makes the softmax choose; at 0 all weights are equal.",
  noise: "Random numbers that are added to the scores, as some routers do while they train.",
  seed: "Where random numbers start. The same seed gives the same numbers again.",
  skew: "How unevenly a router chooses. At 0 all experts are equally likely; the larger it is, the more tokens want the first experts.",
  sample: "One random draw of all tokens' choices. Several show how much luck is in a number.",
  "uniform router": "A router that chooses each expert equally often, and at random.",
  soft: "Soft MoE: nothing is chosen. Every slot is a weighted average of all tokens, and every token a weighted average of all slots' outputs.",
  "tokens choice":
    "A sparse router in which each token chooses its experts. An expert that is full turns the next token away.",
  "experts choice":
    "A sparse router in which each expert chooses as many tokens as it has slots. A token may be chosen by several experts, or by none.",
  "dense MLP": "The layer without experts: one MLP that every token passes through.",
  parameters: "The numbers that a layer learns. All of them are kept in memory.",
  "active parameters": "The parameters that one token passes through; the mean where tokens differ.",
  MACs: "Multiplications with their additions: the unit of computing. One MAC is two floating-point operations.",
  bytes: "What is moved in memory: the parameters once, and all that matrix products read and write.",
  "least time": "The least that a device needs at its best rates. A part takes the longer of computing and moving.",
  batch: "The examples that are computed together.",
  width: "How many numbers stand for one token.",
  "hidden width": "How many numbers an expert computes for a slot, between its two matrix products.",
  devices: "Equal processors that share the work evenly. What they would send each other is left out.",
  "expert parallelism":
    "Each device keeps some of the experts. Slots travel to the device of their expert, and answers travel back.",
  "all-to-all": "A call in which every device gives a piece of its data to each device and gets a piece from each.",
  "TFLOP/s": "How fast a device computes: 10¹² floating-point operations in a second.",
  "GB/s": "How fast a device moves numbers between memory and processor: 10⁹ bytes in a second.",
  causal: "No output depends on a later token. A model that writes text word by word needs this.",
  leak: "An output that changes with a later token. A causal layer has none.",
  coverage: "How many experts took each token. In experts choice it varies: some tokens have several, some none.",
  tolerance: "The largest change of an output that counts as none; computers round.",
  "auxiliary loss": "A loss that is added to that of the task, with a small weight, to keep a router in order.",
  "mean gate": "An expert's gates, averaged over the tokens of a group, whether they choose it or not.",
  "balance loss":
    "The number of experts, times the sum over experts of the share of choices that go to one and its mean gate, multiplied. 1 where both are even, and in some uneven cases too.",
  importance:
    "Of an expert: its gates, or in Soft MoE its combine weights, summed over the tokens of a group. Of a token: its dispatch weights, summed over all slots.",
  "permutation equivariant":
    "Said of a layer that follows the order of its tokens: in another order they get the same answers, in that order.",
  FLOPs: "Floating-point operations. A multiplication with its addition, one MAC, is two of them.",
  jump: "A change of an answer that stays as large as it is, however small the change of the input.",
  autoregressive: "A model that predicts each token from those before it, and so writes one after the other.",
  prefix: "The tokens of a text from its first one up to a certain one.",
  "router z-loss": "A training loss that keeps scores small, so that the softmax stays precise.",
  "bootstrap interval":
    "How far a mean over seeds might be off: seeds are drawn from these again and again, the same one more than once, and 95 % of the means of such draws lie between its ends.",
  "sign test":
    "How often chance alone would make differences as one-sided as these, if higher and lower were equally likely. It counts signs and ignores sizes.",
  "paired seeds":
    "Two models are run with the same seeds. Runs of one seed are a pair, and share the order of their batches; what is compared is the difference in each pair.",
  "p-value":
    "How often chance alone would give a result at least as one-sided as this one. Small means hard to explain by chance.",
  "Holm's method":
    "Corrects several p-values at once: the smallest is multiplied by their number, the next by one less, and so on. Whoever looks often enough finds something by chance.",
  "Pareto front":
    "The models that no other one beats: none costs no more, is no worse, and is better in one of the two.",
  budget: "The hidden width of the dense model whose cost all others have to match.",
  spike: "A sudden jump of the loss in training, far above that of the batches before.",
  tuning:
    "Trying a few values of a setting, such as the learning rate, on a part of the training data, so that each model is compared at its best one.",
  step: "One update of the weights in training.",
  ablation: "An experiment that takes one part of a method away, trains again, and sees what is lost.",
  identity: "A router without scores: token t goes alone to expert t mod e, and gets its answer back.",
  "permutation test": "How often labels that are dealt anew, at random, fit as well as the true ones do.",
  "10-shot accuracy":
    "Accuracy when the trained network is kept as it is, and classes are learned from ten images of each.",
  MoE: "Mixture of experts: a layer with several experts, and a router that decides which of them see a token.",
};
