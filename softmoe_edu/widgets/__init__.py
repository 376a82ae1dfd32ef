"""Widgets for notebooks: they draw what a router does, or what a layer costs, and report what was pointed at."""

from softmoe_edu.widgets.capacity_explorer import CapacityExplorer as CapacityExplorer
from softmoe_edu.widgets.causality_explorer import CausalityExplorer as CausalityExplorer
from softmoe_edu.widgets.cost_explorer import CostExplorer as CostExplorer
from softmoe_edu.widgets.router_explorer import RouterExplorer as RouterExplorer
from softmoe_edu.widgets.routing_flow import RoutingFlow as RoutingFlow
from softmoe_edu.widgets.routing_lens import RoutingLens as RoutingLens
