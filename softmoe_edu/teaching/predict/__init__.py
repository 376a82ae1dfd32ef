"""Questions that are answered before something is shown, and how sure a learner was of the answers."""
