"""Routing of models that are not written here, as the values that figures, widgets and metrics take."""
