"""Widgets for notebooks: they draw a Routing in the browser and report what was pointed at as indices."""

from softmoe_edu.widgets.routing_lens import RoutingLens as RoutingLens
