"""Pictures of routing decisions and of training: values in, Axes out; nothing here shows, trains or keeps state.

Each function draws on the Axes it is given, or on a new figure, and leaves a description with its numbers there:
`alt_text` reads it, `described` shows picture and description together. `theme` makes light and dark pictures.
"""

from softmoe_edu import own_figures
from softmoe_edu.figures.bars import expert_load as expert_load
from softmoe_edu.figures.bars import slot_usage as slot_usage
from softmoe_edu.figures.capacity_curve import capacity_curve as capacity_curve
from softmoe_edu.figures.causality_map import causality_map as causality_map
from softmoe_edu.figures.comparison import compare_routers as compare_routers
from softmoe_edu.figures.cost_bars import cost_bars as cost_bars
from softmoe_edu.figures.curves import training_curves as training_curves
from softmoe_edu.figures.description import Described as Described
from softmoe_edu.figures.description import alt_text as alt_text
from softmoe_edu.figures.description import described as described
from softmoe_edu.figures.maps import combine_map as combine_map
from softmoe_edu.figures.maps import dispatch_map as dispatch_map
from softmoe_edu.figures.pictures import dropped_tokens as dropped_tokens
from softmoe_edu.figures.pictures import slot_views as slot_views
from softmoe_edu.figures.routing_report import routing_panels as routing_panels
from softmoe_edu.figures.routing_report import routing_report as routing_report
from softmoe_edu.figures.routing_watch import routing_watch as routing_watch
from softmoe_edu.figures.style import style as style
from softmoe_edu.figures.style import theme as theme

own_figures.keep_to_threads()
