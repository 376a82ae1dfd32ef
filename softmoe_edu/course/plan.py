"""The plan of the course: its arcs, and every lesson in one line.

A title counts until the lesson exists; from then on its `LESSON` has the title.
"""

from softmoe_edu.teaching.lesson import Arc, Planned

PLAN = (
    Arc(
        "Sparse routers",
        "each token goes to a few experts",
        (
            Planned("00", "Look inside", "Train four models; see what each router does."),
            Planned("01", "Token choice", "Every token chooses its experts: write that router."),
            Planned("02", "A finite buffer", "What becomes of tokens when an expert is full."),
            Planned("03", "Keeping experts busy", "Losses that keep every expert in use."),
            Planned("04", "Expert choice", "Every expert chooses its tokens, and is always full."),
        ),
    ),
    Arc(
        "Soft MoE",
        "nothing is selected",
        (
            Planned("05", "Soft MoE by hand", "Every slot is a mix of all tokens: write the layer."),
            Planned("06", "The real layer", "Batches, masks, and all experts in one step."),
            Planned("07", "Properties, measured", "Test what the paper promises of the layer."),
        ),
    ),
    Arc(
        "The evidence",
        "what holds, and what is still open",
        (
            Planned("08", "Training comparisons that mean something", "When is one model really better?"),
            Planned("09", "Ablations and looking inside", "Take parts out, exchange routers, open the slots."),
            Planned("10", "Scaling and expert parallelism", "Thousands of experts on many devices."),
            Planned("11", "The open problem", "Can Soft MoE write a text, token after token?"),
        ),
    ),
)
